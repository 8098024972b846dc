#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "logplex/base/clock.hpp"
#include "logplex/base/units.hpp"
#include "logplex/store/redis/redis_change.hpp"

namespace sluice {

/// A change that this node answered with success, as it was sent.
struct AnsweredChange {
  std::string by;  // names it in the stream
  std::string_view script;
  std::string argument;  // whole: sent again, it is made only when it is not there
  std::string what;      // for people: "app shop"
  std::uint64_t revision = 0;
  std::uint64_t history = 0;  // the data set
  bool began_it = false;      // the data set was begun by this change
  SteadyTime at{};
  bool missing = false;   // the server that is about to be followed does not have it
  std::string trouble{};  // why it could not be made there
};

/// The changes that this node answered in the last minute. A replica that becomes the master may not have them: then
/// they are made again, or named as lost. At most 20,000 and 64 MiB; beyond that the oldest is forgotten.
class AnsweredChanges {
 public:
  void note(AnsweredChange change);
  /// What was noted in the minute before `end`, oldest first. It is forgotten here until it is given back.
  std::deque<AnsweredChange> take(SteadyTime end);
  /// What take() gave, in front of what was noted since.
  void give_back(std::deque<AnsweredChange> changes);

 private:
  void forget_oldest();
  void forget_before(SteadyTime end);

  std::deque<AnsweredChange> changes_;
  std::size_t bytes_ = 0;
};

/// What a change is about, without secrets: kind and key of its first entry, and how many more there are. `id` is the
/// one that the script gave.
std::string what_it_is(const std::vector<Effect>& effects, std::string_view id);

}  // namespace sluice
