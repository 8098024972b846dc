#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "drains/kinds/frame.hpp"
#include "drains/kinds/ledger.hpp"
#include "drains/kinds/transport.hpp"

namespace sluice::drains {

/// Lines that were lost and that no L10 line has reported yet.
struct Unreported {
  std::uint64_t lines = 0;
  WallTime since{};  // when the first of them was lost

  void add(std::uint64_t more, WallTime when);
};

/// What became of the lines of one drain on one shard: their counts, the losses that are still to be reported, and the
/// drain's health. It knows nothing of the lines that still wait: the owner adds them to the ledger.
///
/// A plain value; lives on its drain's shard.
class DeliveryAccount {
 public:
  /// `delivered_by_all` counts the lines that all drains of the shard delivered; it must outlive the account.
  DeliveryAccount(WallTime since, std::uint64_t& delivered_by_all)
      : since_(since), delivered_by_all_(delivered_by_all) {}

  /// The drain's filter left lines out.
  void leave_out(std::uint64_t lines) { filtered_ += lines; }
  /// A regular expression gave up on lines; leave_out() counts them too.
  void give_up_on(std::uint64_t lines) { gave_up_ += lines; }
  /// Lines were lost before the drain took them.
  void miss(const Losses& losses);
  /// The owner of the drain asked to drop lines.
  void skip(std::uint64_t lines) { skipped_ += lines; }
  /// Lines of a frame were no longer in memory when it had to be encoded again: for another format, or because memory
  /// was short and the frame had no bytes.
  void forget(std::uint64_t lines, WallTime now);
  void evict(std::uint64_t lines, WallTime now);

  /// The receiver confirmed the frame.
  void deliver(const Frame& frame);
  /// The receiver will never accept the frame.
  void reject(const Frame& frame, WallTime now);
  /// The receiver refused some lines of frames that were counted as delivered.
  void refuse(const Refused& refused, WallTime now);

  /// An L10 line has to report these lines.
  void report_later(std::uint64_t lines, WallTime since) { unreported_.add(lines, since); }
  const Unreported& unreported() const { return unreported_; }
  /// The caller reports them now.
  Unreported take_unreported() { return std::exchange(unreported_, {}); }
  /// All lines that miss() was told of.
  std::uint64_t missing() const { return missing_; }

  /// The drain is new or was changed: nothing is known about its receiver.
  void begin_anew() { health_ = Health::kUntried; }
  void succeed(WallTime now);
  void fail(ErrorClass error_class, std::string sentence);
  /// A failure that counts in no class.
  void fail(std::string sentence);
  /// Frames make no progress. Counts only if the sentence is another one than before.
  void note_trouble(Trouble trouble);
  /// Nothing is delivered until the drain is changed.
  void disable(std::string sentence);
  /// Disables the drain, for the reason that fail() has just given.
  void disable() { health_ = Health::kDisabled; }
  void forget_error() { last_error_.clear(); }
  void note_latency(Duration latency) { latency_ = latency; }
  bool failing() const { return health_ == Health::kFailing; }
  bool disabled() const { return health_ == Health::kDisabled; }

  DrainState state(bool paused) const;
  std::uint64_t lines_given_up() const { return gave_up_; }
  /// Adds all counts, and sets the error, the latency and when the drain began.
  void add_to(Ledger& ledger) const;

 private:
  enum class Health : std::uint8_t { kUntried, kWell, kFailing, kDisabled };

  const WallTime since_;
  std::uint64_t& delivered_by_all_;
  std::uint64_t filtered_ = 0;
  std::uint64_t gave_up_ = 0;  // part of filtered_
  std::uint64_t delivered_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t forgotten_ = 0;
  std::uint64_t evicted_ = 0;
  std::uint64_t notices_ = 0;
  std::uint64_t missing_ = 0;
  Unreported unreported_;
  Health health_ = Health::kUntried;
  std::string last_error_;
  ErrorCounts errors_;
  std::optional<WallTime> last_success_;
  std::optional<Duration> latency_;
};

}  // namespace sluice::drains
