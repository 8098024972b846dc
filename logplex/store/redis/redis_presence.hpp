#pragma once

#include <functional>
#include <string>
#include <vector>

#include "logplex/store/redis/redis_follower.hpp"
#include "logplex/store/store.hpp"

namespace sluice {

/// The nodes that share a data set tell each other, through Redis, that they are there and how they are.
///
/// Lives on the store's shard; run() is a task of its gate. Says it every two seconds while there is a connection;
/// without one, what was heard grows old. As soon as every node that is there knows the schema of this version, the
/// data set is raised to it. At most 1000 nodes; one more hears the others, and is not heard.
class RedisPresence {
 public:
  struct Report {
    std::uint64_t revision = 0;
    bool up_to_date = false;
    std::string state;
  };

  /// `own` says how this node is; `on_heard` is called when heard() is new.
  RedisPresence(Shard& shard, RedisFollower& follower, std::string name, std::function<Report()> own,
                std::function<void()> on_heard);

  /// Until cancelled.
  Task<void> run();

  const std::string& name() const { return name_; }
  /// What the others said last, by name; `ago` as it was at heard_at().
  const std::vector<NodeSeen>& heard() const { return heard_; }
  SteadyTime heard_at() const { return heard_at_; }

 private:
  Task<void> call();
  Task<void> raise_schema();

  Shard& shard_;
  RedisFollower& follower_;
  const std::string name_;
  const std::function<Report()> own_;
  const std::function<void()> on_heard_;
  std::vector<NodeSeen> heard_;
  SteadyTime heard_at_{};
};

/// "TIME REPORT" as report_node.lua gives it, at `now` of the server. What makes no sense is a node with unknown state.
NodeSeen parse_report(std::string_view node, std::string_view text, std::uint64_t now);

}  // namespace sluice
