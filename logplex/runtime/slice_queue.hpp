#pragma once

#include <cstdint>

namespace sluice {

/// A place in a SliceQueue. Intrusive: waiting takes no memory.
template <class T>
class InTurn {
 public:
  bool waits() const { return waits_; }

 private:
  template <class>
  friend class SliceQueue;

  T* next_ = nullptr;
  T* prev_ = nullptr;
  std::uint64_t goes_on_until_ = 0;  // it had its turn shortly before: when it asks again before this turn, it goes on
  bool goes_on_ = false;             // and so it waits in the other row
  bool waits_ = false;
};

/// Who waits for a slice, in two rows, each in its order:
///
///     begin  [d] [e]            one of each in turn: who begins does not wait behind all that go on,
///     go on  [a] [b] [c]        and they do not wait for ever behind many who begin
///
/// Who was served in this turn or the one before goes on, whether it asks by itself or is woken. Each step is O(1). One
/// shard; who waits leaves with remove() before it is destroyed.
template <class T>
class SliceQueue {
 public:
  bool empty() const { return begin_.first == nullptr && go_on_.first == nullptr; }
  /// It does not wait yet.
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
  /// It waits.
  void remove(T& who) {
    InTurn<T>& at = who;
    Row& row = row_of(at);
    (at.prev_ != nullptr ? link(*at.prev_).next_ : row.first) = at.next_;
    (at.next_ != nullptr ? link(*at.next_).prev_ : row.last) = at.prev_;
    at.waits_ = false;
  }
  /// The next, which then waits no more. Not when empty.
  T& pop(std::uint64_t turn) {
    const bool begins = begin_.first != nullptr && (begin_is_next_ || go_on_.first == nullptr);
    // Who has nobody beside it takes nobody's turn.
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
