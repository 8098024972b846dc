#pragma once

#include "logplex/net/dial.hpp"
#include "router/proxy_shard.hpp"

namespace sluice {

/// Backends' names through the process's resolver. One per shard or one for all; the resolver outlives it.
class NameResolver final : public BackendResolver {
 public:
  NameResolver(Resolver& resolver, Duration timeout) : resolver_(resolver), timeout_(timeout) {}

  Task<std::vector<asio::ip::address>> resolve(std::string host) override {
    auto found = co_await resolver_.resolve(std::move(host), timeout_);
    if (found.has_error()) co_return std::vector<asio::ip::address>();
    co_return std::move(found).value();
  }

 private:
  Resolver& resolver_;
  const Duration timeout_;
};

}  // namespace sluice
