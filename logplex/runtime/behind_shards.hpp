#pragma once

#include <string>

namespace sluice {

/// Nice value (nice(2)) of threads that work behind the shards. Such a thread gets a quarter of a core that it shares
/// with a busy shard.
constexpr int kNiceBehindShards = 5;

/// Lowers the priority of the calling thread, so that shards go first where cores are few. `name` is for ps(1), which
/// shows 15 characters of it. Threads that the caller starts afterwards, such as those of librdkafka, inherit the
/// priority.
void work_behind_shards(const std::string& name);

}  // namespace sluice
