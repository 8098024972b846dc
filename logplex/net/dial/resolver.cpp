#include "logplex/net/dial/resolver.hpp"

#include <algorithm>
#include <optional>

#include "logplex/runtime/reply.hpp"

namespace sluice {
namespace {

/// Longest name that DNS can carry, with its final dot.
constexpr std::size_t kLongestName = 254;
/// Expired addresses are served when new ones have not arrived by then.
constexpr std::chrono::milliseconds kStalePatience{300};

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

Error failure(const std::string& host, const NameAnswer& answer) {
  const bool not_found = answer.kind == NameAnswer::Kind::kNotFound;
  return {not_found ? NetError::kNoSuchHost : NetError::kDnsTimeout,
          "the host name '" + host + "' " + (not_found ? "does not resolve: " : "was not resolved: ") + answer.reason};
}

}  // namespace

struct Resolver::Waiter : Reply<NameAnswer> {};

struct Resolver::Job final : LookUpJob {
  bool waits_for(const std::string& owner) const {
    return std::find(owners.begin(), owners.end(), owner) != owners.end();
  }
  std::vector<std::string> owners;  // owners in whose queues it is
  std::vector<std::shared_ptr<Waiter>> waiters;
};

Resolver::Resolver(ResolverOptions options)
    : user_(std::move(options.user)),
      cache_(options.cache),
      queue_(options.shares),
      engine_("names " + user_, std::move(options.servers),
              [this](const std::string& name, NameAnswer answer) { on_answer(name, std::move(answer)); }) {}

Resolver::~Resolver() = default;

Task<result<Resolver::Addresses, Error>> Resolver::resolve(NameQuery query) {
  const std::string host = without_brackets(query.host);
  error_code not_literal;
  const auto literal = asio::ip::make_address(host, not_literal);
  if (!not_literal) co_return Addresses{literal};
  const std::string name = lower_case(host);
  if (name.empty() || name.size() > kLongestName || name.find('\0') != std::string::npos)
    co_return Error{NetError::kNoSuchHost, "'" + host.substr(0, kLongestName) + "' is not a host name"};
  First first = ask(query, name);
  if (first.refused)
    co_return Error{NetError::kResolverBusy,
                    "'" + host + "' was not looked up: too many host names of the same owner wait already"};
  const bool has_old = !first.answer.addresses.empty();
  if (first.waiter != nullptr) {
    const Duration patience = has_old ? std::min<Duration>(query.timeout, kStalePatience) : query.timeout;
    auto answer = co_await first.waiter->get_within(patience);
    if (answer)
      first.answer = std::move(*answer);
    else if (has_old)
      count_stale();
    else
      co_return Error{NetError::kDnsTimeout, "the host name '" + host + "' was not resolved in time"};
  }
  if (first.answer.kind != NameAnswer::Kind::kAddresses) co_return failure(host, first.answer);
  co_return std::move(first.answer.addresses);
}

/// Rotates the addresses of the first kind, so that connections spread over them as they do without a cache.
NameAnswer Resolver::turned(const NameAnswer& answer) {
  NameAnswer copy = answer;
  auto& all = copy.addresses;
  if (all.size() < 2) return copy;
  const auto kind_end =
      std::find_if(all.begin(), all.end(), [&](const auto& address) { return address.is_v6() != all[0].is_v6(); });
  const auto count = static_cast<std::uint64_t>(kind_end - all.begin());
  std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(turns_++ % count), kind_end);
  return copy;
}

Resolver::First Resolver::ask(const NameQuery& query, const std::string& name) {
  First first;
  const SteadyTime now = Shard::current().clock().steady();
  const std::lock_guard lock(mutex_);
  const NameCache::Known known = cache_.find(name, now, query.anew);
  if (known.answer != nullptr) {
    ++(known.served_stale ? counters_.stale : counters_.hits);
    first.answer = turned(*known.answer);
    return first;
  }
  if (known.stale != nullptr) first.answer = turned(*known.stale);
  first.waiter = std::make_shared<Waiter>();
  first.refused = !join(query, name, known.silent, first.waiter);
  if (!first.refused) return first;
  ++counters_.refused;
  first.waiter = nullptr;
  first.refused = first.answer.addresses.empty();
  return first;
}

/// Adds the waiter to those of this name. Under the lock.
bool Resolver::join(const NameQuery& query, const std::string& name, bool silent,
                    const std::shared_ptr<Waiter>& waiter) {
  const auto found = jobs_.find(name);
  auto job = found == jobs_.end() ? std::make_shared<Job>() : found->second;
  if (found == jobs_.end()) {
    job->name = name;
    job->silent = silent;
  }
  // A job that waits in another owner's queue also gets into this owner's.
  if (!job->under_way && !job->waits_for(query.owner)) {
    if (!queue_.add(query.owner, job)) return false;
    job->owners.push_back(query.owner);
  }
  job->waiters.push_back(waiter);
  if (found == jobs_.end()) jobs_.emplace(name, std::move(job));
  begin(query.owner);
  return true;
}

/// Under the lock.
void Resolver::begin(const std::string& owner) {
  std::vector<std::string> names;
  for (const auto& job : queue_.begin(owner)) names.push_back(job->name);
  counters_.look_ups += names.size();
  engine_.begin(std::move(names));
}

/// On the engine's thread.
void Resolver::on_answer(const std::string& name, NameAnswer answer) {
  std::shared_ptr<Job> job;
  {
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(name);
    job = std::move(found->second);
    jobs_.erase(found);
    queue_.ended(*job);
    counters_.not_found += answer.kind == NameAnswer::Kind::kNotFound ? 1U : 0U;
    counters_.unanswered += answer.kind == NameAnswer::Kind::kUnanswered ? 1U : 0U;
    cache_.put(name, job->owner, answer, std::chrono::steady_clock::now());
    // The cache may know better: it still has the expired addresses when the name servers are silent.
    const auto known = cache_.find(name, std::chrono::steady_clock::now());
    if (known.served_stale) {
      counters_.stale += job->waiters.size();
      answer = *known.answer;
    }
    begin(job->owner);
  }
  for (auto& waiter : job->waiters) Waiter::give(std::move(waiter), answer);
}

void Resolver::count_stale() {
  const std::lock_guard lock(mutex_);
  ++counters_.stale;
}

void Resolver::add_metrics(MetricsPage& page) const {
  const std::lock_guard lock(mutex_);
  const MetricsPage::Labels user{{"user", user_}};
  page.counter("sluice_name_look_ups_total", "Host name look-ups, by the part that asked for them.", counters_.look_ups,
               user);
  page.counter("sluice_name_cache_hits_total", "Host names answered from the cache.", counters_.hits, user);
  page.counter("sluice_name_stale_total", "Look-ups answered with expired addresses because renewing them failed.",
               counters_.stale, user);
  const std::pair<const char*, std::uint64_t> failures[] = {
      {"not_found", counters_.not_found}, {"unanswered", counters_.unanswered}, {"refused", counters_.refused}};
  for (const auto& [reason, count] : failures)
    page.counter("sluice_name_failures_total",
                 "Look-ups that failed: no such name, no name server answered, or the owner's queue was full.", count,
                 {{"user", user_}, {"reason", reason}});
  page.gauge("sluice_names_under_way", "Host names that are being looked up.", queue_.under_way(), user);
  page.gauge("sluice_names_waiting", "Host names that wait to be looked up.", queue_.waiting(), user);
  page.gauge("sluice_names_cached", "Host names in the cache.", cache_.size(), user);
}

std::string without_brackets(const std::string& host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

}  // namespace sluice
