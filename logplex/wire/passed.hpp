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

/// The logs that a line has passed before it came here, as views into somebody else's bytes: ids of 64 bits. A line
/// that was born here has passed none.
class PassedView {
 public:
  /// A line that passes more is taken for one that goes round.
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
  /// More than the longest text of a record unless it is empty, so that one comparison finds both.
  std::size_t mark() const { return mark_; }

 private:
  const std::byte* ids_ = nullptr;
  std::size_t mark_ = 0;
};

/// The same as a value: a set.
class PassedLogs {
 public:
  PassedLogs() = default;
  explicit PassedLogs(PassedView ids);

  /// False when there are PassedView::kMost already.
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

/// Messages of a frame that follow each other and passed the same logs; counted from 0.
struct PassedRun {
  std::uint64_t first;
  std::uint64_t last;
  PassedLogs logs;
};

/// What a frame says of its messages' ways. A frame ends before it says more than kMostSaid ranges.
class PassedRuns {
 public:
  static constexpr std::size_t kMostSaid = 128;

  /// Message numbers rise from call to call; messages that passed no log are left out.
  void add(std::uint64_t message, PassedView logs);
  bool full() const { return said_ + PassedView::kMost > kMostSaid; }
  bool empty() const { return runs_.empty(); }
  void clear() { runs_.clear(), said_ = 0; }
  std::uint64_t memory() const { return runs_.capacity() * sizeof(PassedRun); }
  const std::vector<PassedRun>& runs() const { return runs_; }
  /// Of the messages from `first` to before `end`, which are counted from 0 anew.
  PassedRuns part(std::uint64_t first, std::uint64_t end) const;
  /// The value of the field Sluice-Passed, which counts messages from 1: `ID=1-3,7;ID=2`. Empty when nothing is said.
  std::string text() const;

 private:
  std::vector<PassedRun> runs_;
  std::size_t said_ = 0;  // ids of all runs
};

/// What one request says of its messages' ways: the fields Sluice-Origin (a list of ids: all messages have passed them)
/// and Sluice-Passed (ids with ranges; an id alone stands for all messages). What is not understood says nothing.
class PassedFields {
 public:
  void add_origin(std::string_view field);
  void add_passed(std::string_view field);
  bool empty() const { return all_.empty() && some_.empty(); }
  const std::vector<std::uint64_t>& of_all() const { return all_; }

  /// Messages from `first` to `last` (counted from 0) of which the same is said. No logs: they passed too many.
  struct Stretch {
    std::uint64_t last;
    std::optional<PassedLogs> logs;
  };
  /// From the first message on without holes; the last stretch has no end. None when more is said than a frame says.
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
