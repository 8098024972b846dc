#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "logplex/base/metrics.hpp"
#include "logplex/base/result.hpp"
#include "logplex/net/dial/dns_engine.hpp"
#include "logplex/net/dial/look_up_queue.hpp"
#include "logplex/net/dial/name_cache.hpp"
#include "logplex/net/net_error.hpp"
#include "logplex/runtime/event.hpp"

namespace sluice {

/// One question to a Resolver.
struct NameQuery {
  std::string host;    // name or address literal (IPv6 with or without brackets)
  std::string owner;   // whose share of look-ups this is, such as a channel or an app; empty = the operator's own
  Duration timeout{};  // how long this caller waits; the look-up itself may go on for others
  bool anew = false;   // the addresses known so far do not work: do not answer from the cache
};

struct ResolverOptions {
  std::string user = "names";        // label of its metrics: who looks up names here
  std::vector<std::string> servers;  // "address[:port]" each; empty = those of the system
  LookUpQueue::Limits shares;
  NameCache::Limits cache;
};

/// Finds the addresses of host names. Router, drains and store have one each, so that they do not wait for each other.
///
///     resolve() --fresh in the cache--> answer
///         `----> job of that name (callers join) --> queue of its owner --> engine --> cache --> answers
///
/// A name has at most one look-up at a time. Expired addresses are served when new ones do not arrive within a short
/// time. Used by all shards; one lock, held briefly. The look-ups run on a thread of their own and never block each
/// other. Destroyed before the runtime, while no shard runs.
class Resolver {
 public:
  using Addresses = std::vector<asio::ip::address>;

  explicit Resolver(ResolverOptions options = {});
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  /// The addresses, at least one. Address literals are answered at once. Errors: kNoSuchHost (the name servers say that
  /// there is no such name, or no address), kDnsTimeout (no name server gave an answer in time), kResolverBusy (the
  /// owner has too many look-ups under way).
  Task<result<Addresses, Error>> resolve(NameQuery query);

  /// Any thread.
  void add_metrics(MetricsPage& page) const;

 private:
  struct Waiter;
  struct Job;
  struct Counters {
    std::uint64_t look_ups = 0;
    std::uint64_t hits = 0;
    std::uint64_t stale = 0;
    std::uint64_t not_found = 0;
    std::uint64_t unanswered = 0;
    std::uint64_t refused = 0;
  };
  /// What the cache says at once.
  struct First {
    std::shared_ptr<Waiter> waiter;  // null = `answer` is final
    NameAnswer answer;               // or the old addresses, if any
    bool refused = false;
  };

  First ask(const NameQuery& query, const std::string& name);
  bool join(const NameQuery& query, const std::string& name, bool silent, const std::shared_ptr<Waiter>& waiter);
  void begin(const std::string& owner);
  void on_answer(const std::string& name, NameAnswer answer);
  void count_stale();
  NameAnswer turned(const NameAnswer& answer);

  const std::string user_;
  mutable std::mutex mutex_;  // guards what follows, up to the engine
  NameCache cache_;
  LookUpQueue queue_;
  std::unordered_map<std::string, std::shared_ptr<Job>> jobs_;
  Counters counters_;
  std::uint64_t turns_ = 0;
  DnsEngine engine_;
};

/// "[::1]" without its brackets; other text as it is.
std::string without_brackets(const std::string& host);

}  // namespace sluice
