#pragma once

#include <cstdint>

namespace sluice {

/// Base of objects that wait in a SliceQueue. Intrusive: waiting takes no memory.
template <class T>
class InTurn {
 public:
  bool waits() const { return waits_; }

 private:
  template <class>
  friend class SliceQueue;

  T* next_ = nullptr;
  T* prev_ = nullptr;
  std::uint64_t goes_on_until_ = 0;  // it was served lately: if it asks again before this turn, it goes on
  bool goes_on_ = false;             // it waits in the row of those that go on
  bool waits_ = false;
};

/// A queue of waiters for slices of work, in two rows. Each row keeps its order, and pop() alternates between them:
///
///     begin  [d] [e]            new waiters do not wait behind all that go on,
///     go on  [a] [b] [c]        and those do not wait for ever behind many new ones
///
/// A waiter goes on if it was served in this turn or the one before, whether it asks by itself or is woken. Each
/// operation is O(1). One shard. A waiter leaves with remove() before it is destroyed.
template <class T>
class SliceQueue {
 public:
  bool empty() const { return begin_.first == nullptr && go_on_.first == nullptr; }
  /// `who` must not be waiting yet.
  void push(T& who, std::uint64_t turn) {
    InTurn<T>& at = who;
    at.waits_ = true;
    at.goes_on_ = turn < at.goes_on_until_;
    Row& row = row_of(at);
    at.next_ = nullptr;
    at.prev_ = row.last;
    (row.last != nullptr ? link(*row.last).next_ : row.first) = &who;
    row.last = &who;
  }
  /// `who` must be waiting.
  void remove(T& who) {
    InTurn<T>& at = who;
    Row& row = row_of(at);
    (at.prev_ != nullptr ? link(*at.prev_).next_ : row.first) = at.next_;
    (at.next_ != nullptr ? link(*at.next_).prev_ : row.last) = at.prev_;
    at.waits_ = false;
  }
  /// Takes the next waiter out of the queue, which must not be empty.
  T& pop(std::uint64_t turn) {
    const bool begins = begin_.first != nullptr && (begin_is_next_ || go_on_.first == nullptr);
    // A waiter served while the other row is empty does not use up the turn of its row.
    begin_is_next_ = !begins || go_on_.first == nullptr;
    T& who = *(begins ? begin_ : go_on_).first;
    remove(who);
    link(who).goes_on_until_ = turn + 2;
    return who;
  }

 private:
  struct Row {
    T* first = nullptr;
    T* last = nullptr;
  };

  static InTurn<T>& link(T& who) { return who; }
  Row& row_of(const InTurn<T>& at) { return at.goes_on_ ? go_on_ : begin_; }

  Row begin_;
  Row go_on_;
  bool begin_is_next_ = true;
};

}  // namespace sluice
