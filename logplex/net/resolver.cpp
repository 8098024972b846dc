#include "logplex/net/resolver.hpp"

#include <netdb.h>

#include <algorithm>
#include <functional>
#include <optional>

#include <boost/asio/post.hpp>

#include "logplex/net/address_text.hpp"

namespace sluice {
namespace {

using Addresses = Resolver::Addresses;

struct LookUp {
  int failed = 0;
  Addresses addresses;
};

LookUp look_up(const std::string& host) {
  LookUp answer;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  answer.failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (answer.failed != 0) return answer;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    sockaddr_storage address{};
    std::copy_n(reinterpret_cast<const char*>(entry->ai_addr), entry->ai_addrlen, reinterpret_cast<char*>(&address));
    const auto parsed = peer_of(address).address;
    if (std::find(answer.addresses.begin(), answer.addresses.end(), parsed) == answer.addresses.end())
      answer.addresses.push_back(parsed);
  }
  ::freeaddrinfo(found);
  return answer;
}

}  // namespace

std::string without_brackets(const std::string& host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

Task<result<Resolver::Addresses, Error>> Resolver::resolve(NameQuery query) {
  struct Answer {
    explicit Answer(Shard& shard) : ready(shard) {}
    Event ready;
    std::optional<LookUp> found;
  };
  const std::string host = without_brackets(query.host);
  error_code not_literal;
  const auto literal = asio::ip::make_address(host, not_literal);
  if (!not_literal) co_return Addresses{literal};
  Shard& home = Shard::current();
  auto answer = std::make_shared<Answer>(home);
  // The answer holds a timer of its shard: it goes back there before the worker lets go of it.
  std::function<void()> work = [answer, &io = home.io(), host]() mutable {
    LookUp found = look_up(host);
    asio::post(io, [answer = std::move(answer), found = std::move(found)]() mutable {
      answer->found = std::move(found);
      answer->ready.set();
    });
  };
  if (!lane_.submit(std::move(work)))
    co_return Error{NetError::kResolverBusy, "'" + host + "' waits behind too many other host names"};
  const bool in_time = co_await answer->ready.wait_for(query.timeout);
  if (!answer->found) {
    const NetError why = in_time ? NetError::kNoSuchHost : NetError::kDnsTimeout;
    co_return Error{why, "the host name '" + host + "' was not resolved in time"};
  }
  if (answer->found->failed != 0)
    co_return Error{NetError::kNoSuchHost,
                    "the host name '" + host + "' does not resolve: " + ::gai_strerror(answer->found->failed)};
  co_return std::move(answer->found->addresses);
}

}  // namespace sluice
