#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// The ids (64 bits) of the logs that a line has passed before it came here, as views into bytes that somebody else
/// owns. A line that was born here has passed none.
class PassedView {
 public:
  /// A line that has passed more counts as going round in a loop.
  static constexpr std::size_t kMost = 15;

  PassedView() = default;
  PassedView(const void* ids, std::size_t count) : ids_(static_cast<const std::byte*>(ids)), mark_(count << 16) {}

  std::size_t size() const { return mark_ >> 16; }
  std::size_t bytes() const { return size() * sizeof(std::uint64_t); }
  const std::byte* data() const { return ids_; }
  std::uint64_t operator[](std::size_t at) const {
    std::uint64_t id = 0;
    std::memcpy(&id, ids_ + at * sizeof id, sizeof id);
    return id;
  }
  /// 0 without ids, otherwise more than the longest text of a record, so that one comparison checks both.
  std::size_t mark() const { return mark_; }

 private:
  const std::byte* ids_ = nullptr;
  std::size_t mark_ = 0;
};

/// A set of such ids that owns its memory.
class PassedLogs {
 public:
  PassedLogs() = default;
  explicit PassedLogs(PassedView ids);

  /// False when the set is full (PassedView::kMost).
  bool add(std::uint64_t id);
  bool contains(std::uint64_t id) const;
  PassedView view() const { return {ids_.data(), size_}; }
  std::span<const std::uint64_t> ids() const { return {ids_.data(), size_}; }

  friend bool operator==(const PassedLogs& a, const PassedLogs& b) {
    return a.size_ == b.size_ && std::memcmp(a.ids_.data(), b.ids_.data(), a.view().bytes()) == 0;
  }

 private:
  std::array<std::uint64_t, PassedView::kMost> ids_{};
  std::uint8_t size_ = 0;
};

/// Consecutive messages of a frame that passed the same logs; counted from 0.
struct PassedRun {
  std::uint64_t first;
  std::uint64_t last;
  PassedLogs logs;
};

/// The logs that the messages of one frame have passed, as the frame reports them. The sender ends a frame before it
/// would name more than kMostSaid ranges.
class PassedRuns {
 public:
  static constexpr std::size_t kMostSaid = 128;

  /// Message numbers must rise from call to call; messages that passed no log are left out.
  void add(std::uint64_t message, PassedView logs);
  bool full() const { return said_ + PassedView::kMost > kMostSaid; }
  bool empty() const { return runs_.empty(); }
  void clear() { runs_.clear(), said_ = 0; }
  std::uint64_t memory() const { return runs_.capacity() * sizeof(PassedRun); }
  const std::vector<PassedRun>& runs() const { return runs_; }
  /// The runs of the messages from `first` up to, but not including, `end`, renumbered from 0.
  PassedRuns part(std::uint64_t first, std::uint64_t end) const;
  /// The value of the field Sluice-Passed, which counts messages from 1: `ID=1-3,7;ID=2`. Empty when no message has
  /// passed a log.
  std::string text() const;

 private:
  std::vector<PassedRun> runs_;
  std::size_t said_ = 0;  // ids of all runs
};

/// Reads which logs the messages of one request have passed, from the fields Sluice-Origin (a list of ids: all messages
/// have passed them) and Sluice-Passed (ids with ranges of messages; an id alone stands for all messages). Ignores what
/// it cannot parse.
class PassedFields {
 public:
  void add_origin(std::string_view field);
  void add_passed(std::string_view field);
  bool empty() const { return all_.empty() && some_.empty(); }
  const std::vector<std::uint64_t>& of_all() const { return all_; }

  /// Consecutive messages up to `last` (counted from 0) that have passed the same logs. No `logs`: they passed too
  /// many.
  struct Stretch {
    std::uint64_t last;
    std::optional<PassedLogs> logs;
  };
  /// All stretches from the first message on, without holes; the last one has no end. Nothing when the fields name more
  /// than 256 ids or ranges, twice as many as a frame of ours.
  std::optional<std::vector<Stretch>> stretches() const;

 private:
  struct Range {
    std::uint64_t id;
    std::uint64_t first;
    std::uint64_t last;
  };
  void add_ranges(std::uint64_t id, std::string_view ranges);
  Stretch stretch(std::uint64_t first, std::uint64_t last) const;

  std::vector<std::uint64_t> all_;
  std::vector<Range> some_;
};

}  // namespace sluice
