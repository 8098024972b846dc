#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "logplex/base/clock.hpp"
#include "logplex/base/units.hpp"
#include "logplex/store/redis/redis_change.hpp"

namespace sluice {

/// A change that succeeded and was acknowledged by this node, in the form in which it was sent.
struct AnsweredChange {
  std::string by;  // identifies the change in the stream
  std::string_view script;
  std::string argument;  // complete: when it is sent again, the script makes the change only if it is missing
  std::string what;      // for people: "app shop"
  std::uint64_t revision = 0;
  std::uint64_t history = 0;  // id of the data set
  bool began_it = false;      // this change created the data set
  SteadyTime at{};
  bool missing = false;   // the server to follow next does not have it
  std::string trouble{};  // why it could not be made on that server
};

/// The changes that this node acknowledged in the last minute. A replica that becomes the master may lack them; then
/// the node makes them again or logs them as lost. At most 20,000 and 64 MiB; beyond that it forgets the oldest.
class AnsweredChanges {
 public:
  void note(AnsweredChange change);
  /// Removes and returns the changes noted in the minute before `end`, oldest first. Return them with give_back().
  std::deque<AnsweredChange> take(SteadyTime end);
  /// Puts back what take() returned, before the changes noted since then.
  void give_back(std::deque<AnsweredChange> changes);

 private:
  void forget_oldest();
  void forget_before(SteadyTime end);

  std::deque<AnsweredChange> changes_;
  std::size_t bytes_ = 0;
};

/// Describes a change without secrets: kind and key of its first entry, and how many more there are. `id` is the id
/// that the script assigned.
std::string what_it_is(const std::vector<Effect>& effects, std::string_view id);

}  // namespace sluice
