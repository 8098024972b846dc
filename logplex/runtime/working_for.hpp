#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

/// The owner that a shard works for: it names the app, channel or drain that made a turn long, and is the owner that
/// TurnWork serves in turn.
struct Beneficiary {
  enum class Kind : std::uint8_t { kNobody, kApp, kChannel, kDrain, kCall, kSender, kStore, kKey };
  Kind kind = Kind::kNobody;  // the node itself
  std::uint32_t number = 0;   // slot of an app or channel, id of a drain, hash of a key's id

  friend bool operator==(Beneficiary, Beneficiary) = default;

  std::uint64_t packed() const { return std::uint64_t{static_cast<std::uint8_t>(kind)} << 32 | number; }
  static Beneficiary unpacked(std::uint64_t bits) {
    return {static_cast<Kind>(bits >> 32), static_cast<std::uint32_t>(bits)};
  }
};

const char* to_text(Beneficiary::Kind kind);

/// Records, for this scope, whom the thread works for; costs three stores. Scopes may nest. A coroutine's scope must
/// end before the coroutine waits.
///
///     const WorkingFor scope({Beneficiary::Kind::kDrain, id});
class WorkingFor {
 public:
  explicit WorkingFor(Beneficiary whom) : before_(now_.load(std::memory_order_relaxed)) {
    last_ = whom.packed();
    now_.store(last_, std::memory_order_relaxed);
  }
  WorkingFor(const WorkingFor&) = delete;
  WorkingFor& operator=(const WorkingFor&) = delete;
  ~WorkingFor() { now_.store(before_, std::memory_order_relaxed); }

  /// Records it without a scope, for work that continues in callbacks; costs one store.
  static void mention(Beneficiary whom) { last_ = whom.packed(); }

  /// The current scope of this thread, which other threads may read.
  static std::atomic<std::uint64_t>& now() { return now_; }
  /// The owner recorded last since the previous call; nobody when there was none.
  static Beneficiary take_last() {
    const Beneficiary last = Beneficiary::unpacked(last_);
    last_ = 0;
    return last;
  }

 private:
  static constinit inline thread_local std::atomic<std::uint64_t> now_{0};
  static constinit inline thread_local std::uint64_t last_ = 0;

  const std::uint64_t before_;
};

}  // namespace sluice
