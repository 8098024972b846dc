#include "logplex/model/app.hpp"

namespace sluice {

std::string_view name_of(Balance balance) {
  switch (balance) {
    case Balance::kPowerOfTwo:
      return "p2c";
    case Balance::kRandom:
      return "random";
    case Balance::kRoundRobin:
      return "round_robin";
  }
  return "p2c";
}

std::optional<Balance> parse_balance(std::string_view text) {
  for (const auto balance : {Balance::kPowerOfTwo, Balance::kRandom, Balance::kRoundRobin})
    if (name_of(balance) == text) return balance;
  return std::nullopt;
}

}  // namespace sluice
