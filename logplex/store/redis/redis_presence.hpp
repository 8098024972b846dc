#pragma once

#include <functional>
#include <string>
#include <vector>

#include "logplex/store/redis/redis_follower.hpp"
#include "logplex/store/store.hpp"

namespace sluice {

/// Through Redis, reports this node's state to the other nodes that share the data set, and learns theirs.
///
/// Lives on the store's shard; run() is a task of its gate. Reports every two seconds while there is a connection;
/// without one, the last reports grow old. As soon as every live node knows the schema of this version, it raises the
/// data set to that schema. At most 1000 nodes; a node beyond that sees the others but is not listed.
class RedisPresence {
 public:
  struct Report {
    std::uint64_t revision = 0;
    bool up_to_date = false;
    std::string state;
  };

  /// `own` returns this node's report; `on_heard` is called when heard() has new reports.
  RedisPresence(Shard& shard, RedisFollower& follower, std::string name, std::function<Report()> own,
                std::function<void()> on_heard);

  /// Runs until cancelled.
  Task<void> run();

  const std::string& name() const { return name_; }
  /// The last reports of the other nodes, by name; `ago` as of heard_at().
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

/// Parses "TIME REPORT" from report_node.lua; `now` is the server's time. A malformed report gives an unknown state.
NodeSeen parse_report(std::string_view node, std::string_view text, std::uint64_t now);

}  // namespace sluice
