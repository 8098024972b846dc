#pragma once

#include <string>

namespace sluice {

/// How much nicer than a shard a thread is that works behind the shards (nice(2)): of one core that both want it has a
/// quarter.
constexpr int kNiceBehindShards = 5;

/// The calling thread works behind the shards: where cores are few, they go first. `name` is for ps(1), which shows 15
/// characters of it. Threads that it starts are as nice, such as those of librdkafka.
void work_behind_shards(const std::string& name);

}  // namespace sluice
