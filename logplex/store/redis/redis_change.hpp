#pragma once

#include <string_view>

#include <boost/json/object.hpp>

#include "logplex/model/change.hpp"
#include "logplex/model/decide/decide.hpp"
#include "logplex/store/redis/redis_replica.hpp"

namespace sluice {

/// The one script that makes a change, and its argument without what is common to all scripts.
struct ScriptCall {
  std::string_view script;
  boost::json::object argument;
};

/// Says how the change, which decide() answered with these effects, is made in Redis. The script checks once more, by
/// what is there then, what the decision rests on. There must be effects. `next_id` is what the script said the next id
/// of a drain or channel is, when it refused another one; empty = what decide() took.
ScriptCall script_call(const Change& change, const Effects& effects, const RedisReplica& replica,
                       const ConfigLimits& limits, std::string_view next_id = {});

}  // namespace sluice
