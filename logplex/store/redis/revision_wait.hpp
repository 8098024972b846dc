#pragma once

#include <cstdint>
#include <list>

#include "logplex/runtime/event.hpp"

namespace sluice {

/// Lets tasks of one shard wait until a revision is in force. It outlives these tasks.
class RevisionWait {
 public:
  /// True when reached() named this revision or a later one during the wait; false after `time` or interrupt().
  Task<bool> wait(std::uint64_t revision, Duration time) {
    Place place(*this, revision);
    if (time > Duration::zero()) co_await place.event.wait_for(time);
    co_return place.reached;
  }
  bool is_shown(std::uint64_t revision) const { return shown_ >= revision; }
  void reached(std::uint64_t revision) {
    shown_ = revision;
    for (auto* place : places_) {
      if (place->revision > revision) continue;
      place->reached = true;
      place->event.set();
    }
  }
  /// Wakes all waiting tasks, so that they check the state again.
  void interrupt() {
    for (auto* place : places_) place->event.set();
  }

 private:
  struct Place {
    Place(RevisionWait& w, std::uint64_t r)
        : wait(w), revision(r), event(Shard::current()), at(w.places_.insert(w.places_.end(), this)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { wait.places_.erase(at); }

    RevisionWait& wait;
    std::uint64_t revision;
    Event event;
    bool reached = false;
    std::list<Place*>::iterator at;
  };

  std::list<Place*> places_;
  std::uint64_t shown_ = 0;
};

}  // namespace sluice
