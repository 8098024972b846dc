#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/model/kept_fields.hpp"

namespace sluice {

/// How the router chooses among an app's backends.
enum class Balance : std::uint8_t { kPowerOfTwo, kRandom, kRoundRobin };

/// "p2c", "random", "round_robin".
std::string_view name_of(Balance balance);
std::optional<Balance> parse_balance(std::string_view text);

/// Flags of an app.
struct Features {
  bool maintenance = false;       // every request is answered 503 (H80)
  bool session_affinity = false;  // a cookie keeps a client on one backend
  Balance balance = Balance::kPowerOfTwo;
  KeptFields kept;

  friend bool operator==(const Features&, const Features&) = default;
};

/// One address at which an app serves requests.
struct Backend {
  std::string name;          // `dyno` in router lines
  std::string address;       // "host:port"; host is a name or an IP literal
  std::uint32_t soft = 20;   // concurrent requests above which others are preferred; 0 = none
  std::uint32_t hard = 0;    // most concurrent requests, never exceeded; 0 = no limit
  std::uint32_t weight = 1;  // share of new requests, 1 to 1000
  bool guarded = false;      // made by a key that is limited to channels: BackendGuard::refusal_for_tenants

  friend bool operator==(const Backend&, const Backend&) = default;
};

/// A customer's application. Its channel has its name.
struct App {
  std::string name;
  std::vector<std::string> domains;  // normal form, unique, in the order given
  std::vector<Backend> backends;     // names unique, in the order given
  Features features;
  KeptFields kept;

  const std::string& channel() const { return name; }
  friend bool operator==(const App&, const App&) = default;
};

}  // namespace sluice
