#pragma once

#include <string_view>

#include <boost/json/object.hpp>

#include "logplex/model/change.hpp"
#include "logplex/model/decide/decide.hpp"
#include "logplex/store/redis/redis_replica.hpp"

namespace sluice {

/// The script that makes a change, and its argument without the members that all scripts take.
struct ScriptCall {
  std::string_view script;
  boost::json::object argument;
};

/// Builds the call that makes a change in Redis; `effects` is the result of decide() and must not be empty. The script
/// checks the conditions of the decision again, against the data in Redis. `next_id`: if a script refused the id of a
/// drain or channel, the next id that it named; empty = the id that decide() chose.
ScriptCall script_call(const Change& change, const Effects& effects, const RedisReplica& replica,
                       const ConfigLimits& limits, std::string_view next_id = {});

}  // namespace sluice
