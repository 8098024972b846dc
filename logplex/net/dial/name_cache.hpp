#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "logplex/base/clock.hpp"
#include "logplex/base/units.hpp"

namespace sluice {

namespace asio = boost::asio;

/// The result of looking up one host name.
struct NameAnswer {
  enum class Kind : std::uint8_t {
    kAddresses,
    kNotFound,    // the name servers say that there is no such name, or no address of it
    kUnanswered,  // no name server gave an answer
  };
  Kind kind = Kind::kUnanswered;
  std::vector<asio::ip::address> addresses;  // in the order in which to try them
  std::chrono::seconds ttl{};                // of the addresses
  std::string reason;                        // of a failure: a few words
};

/// Remembers results of look-ups: addresses for their TTL, within bounds; failures for a short time, which doubles
/// while the name servers stay silent. Expired addresses are kept for a day, and served while they cannot be renewed.
///
/// Bounded: at most `names_per_owner` names for an owner and `names` for all; the least recently used name is removed.
/// Has no thread and no lock: the caller holds a lock.
class NameCache {
 public:
  struct Limits {
    std::size_t names = 20000;
    std::size_t names_per_owner = 1000;
    std::chrono::seconds ttl_least{1};
    std::chrono::seconds ttl_most{300};
    std::chrono::seconds not_found{5};
    std::chrono::seconds unanswered_first{2};  // doubles with each failure in a row
    std::chrono::seconds unanswered_most{30};
    std::chrono::seconds stale{86400};
  };

  /// What is known of a name. `answer` is valid now; without it the name must be looked up, and `stale` holds its old
  /// addresses, if any.
  struct Known {
    const NameAnswer* answer = nullptr;
    bool served_stale = false;  // the answer has expired, but cannot be renewed at present
    const NameAnswer* stale = nullptr;
    bool silent = false;  // the last look-up had no answer
  };

  NameCache() : NameCache(Limits{}) {}
  explicit NameCache(const Limits& limits) : limits_(limits) {}
  NameCache(const NameCache&) = delete;
  NameCache& operator=(const NameCache&) = delete;

  /// `anew`: the known addresses did not work for the caller; they count only if they were looked up within the last
  /// second. The result is valid until the next put().
  Known find(const std::string& name, SteadyTime now, bool anew = false);
  /// `owner` asked for the look-up; empty = the operator, who has no limit of their own.
  void put(const std::string& name, const std::string& owner, NameAnswer answer, SteadyTime now);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry;
  using Order = std::list<Entry>;  // used last comes first
  struct Entry {
    std::string name;
    std::string owner;
    NameAnswer good;       // the last addresses; empty = none
    SteadyTime good_at{};  // when they were looked up
    SteadyTime good_until{};
    NameAnswer failure;  // in force until failed_until
    SteadyTime failed_until{};
    std::uint32_t failures = 0;  // unanswered look-ups in a row
    std::list<Order::iterator>::iterator of_owner;
  };

  Entry& entry_of(const std::string& name, const std::string& owner);
  void use(Order::iterator entry);
  void forget(Order::iterator entry);
  void take(Entry& entry, NameAnswer answer, SteadyTime now);

  const Limits limits_;
  Order order_;
  std::unordered_map<std::string, Order::iterator> entries_;
  std::unordered_map<std::string, std::list<Order::iterator>> owners_;  // in the same order
};

}  // namespace sluice
