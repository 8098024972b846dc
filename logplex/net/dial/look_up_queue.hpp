#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace sluice {

/// A name that waits to be looked up, or is being looked up.
struct LookUpJob {
  std::string name;
  std::string owner;    // whose share it uses; set when it begins
  bool silent = false;  // its last look-up had no answer
  bool under_way = false;
  virtual ~LookUpJob() = default;
};

/// Decides which names may be looked up now. Each owner has a queue and a share of the places; owners take turns. Names
/// whose last look-up had no answer may take half of an owner's share and half of all places, so that dead zones leave
/// room for others. The operator (owner "") may use all places, and `reserved` of them are for the operator alone.
///
/// A name that several owners wait for is in the queue of each; the first owner whose turn comes begins it. So no owner
/// waits behind another owner's queue. Has no lock: the caller holds one.
class LookUpQueue {
 public:
  struct Limits {
    std::size_t under_way = 256;
    std::size_t reserved = 16;  // of these, for the operator
    std::size_t per_owner = 4;
    std::size_t waiting_per_owner = 64;
    std::size_t waiting = 4096;
  };

  explicit LookUpQueue(const Limits& limits) : limits_(limits) {}

  /// False when the queue of this owner, or of all, is full.
  bool add(const std::string& owner, const std::shared_ptr<LookUpJob>& job);
  /// Takes out the names that may begin after a name of this owner was added or has ended, and marks them as under way.
  /// The cost does not grow with the names that wait, unless all places are taken.
  std::vector<std::shared_ptr<LookUpJob>> begin(const std::string& owner);
  void ended(const LookUpJob& job);

  std::size_t under_way() const { return under_way_; }
  std::size_t waiting() const { return waiting_; }

 private:
  using Jobs = std::deque<std::shared_ptr<LookUpJob>>;
  struct Owner {
    std::size_t under_way = 0;
    std::size_t silent = 0;  // of these
    bool starved = false;    // in starved_
    Jobs waiting;
    Jobs waiting_silent;
    bool idle() const { return under_way == 0 && waiting.empty() && waiting_silent.empty(); }
  };

  void begin_of(const std::string& name, std::vector<std::shared_ptr<LookUpJob>>& begun);
  std::shared_ptr<LookUpJob> next_of(const std::string& name, Owner& owner);
  std::shared_ptr<LookUpJob> take_from(Jobs& jobs);
  bool has_place(const std::string& name, bool silent);

  const Limits limits_;
  std::unordered_map<std::string, Owner> owners_;
  std::deque<std::string> starved_;  // owners that got no place because others had taken all
  std::size_t under_way_ = 0;
  std::size_t silent_ = 0;  // of these
  std::size_t waiting_ = 0;
};

}  // namespace sluice
