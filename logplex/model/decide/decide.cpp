#include "logplex/model/decide/decide.hpp"

#include "logplex/model/decide/decide_parts.hpp"

namespace sluice {

result<Effects, Error> decide(const ConfigSnapshot& config, const Change& change, const ConfigLimits& limits) {
  return std::visit(Decider{config, limits}, change);
}

}  // namespace sluice
