#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "logplex/base/slot.hpp"
#include "logplex/base/units.hpp"
#include "logplex/runtime/mailbox.hpp"
#include "logplex/wire/record.hpp"

namespace sluice {

/// Records on their way from one shard to the owner of their channels; owns its bytes.
///
///     | slot, 4 | 0, 4 | record | slot, 4 | 0, 4 | record | ...        all aligned to 8
///
/// The owner sends it back empty, with word of which channels press on its memory, and the sender fills it again: so a
/// line costs no heap operation, and the number of batches under way is bounded.
class LineBatch final : public Mail {
 public:
  static constexpr std::size_t kUsualSize = 64 << 10;
  static constexpr std::size_t kPrefix = 8;
  static constexpr std::size_t kMostPressing = 64;

  /// Large enough for one record of this size.
  explicit LineBatch(std::size_t record_size);

  /// Where to write a record of this size; nullptr when there is no room.
  std::byte* add(ChannelSlot channel, std::size_t record_size) {
    if (capacity_ - used_ < kPrefix + record_size) return nullptr;
    std::byte* at = bytes_.get() + used_;
    const std::uint64_t prefix = channel.value;
    std::memcpy(at, &prefix, sizeof prefix);
    used_ += kPrefix + record_size;
    return at + kPrefix;
  }

  template <class F>
  void for_each(F&& visit) const {
    for (std::size_t at = 0; at < used_;) {
      std::uint64_t slot = 0;
      std::memcpy(&slot, bytes_.get() + at, sizeof slot);
      const RecordView record(bytes_.get() + at + kPrefix);
      visit(ChannelSlot{static_cast<std::uint32_t>(slot)}, record);
      at += kPrefix + record.size();
    }
  }

  void clear() {
    used_ = 0;
    delay = Duration{0};
    pressing.clear();
  }
  bool empty() const { return used_ == 0; }
  std::size_t capacity() const { return capacity_; }
  /// A batch for one long record is not kept.
  bool usual() const { return capacity_ == kUsualSize; }

  /// It travels back as mail that nobody delivers: the sender picks it up.
  void deliver() override {}

  bool asks_for_mail = false;  // of the owner, when it has sent this back

  // What the owner says on the way back.
  Duration delay{};                   // how long to pause what feeds the channels below
  std::vector<ChannelSlot> pressing;  // at most kMostPressing; so many mean: all

 private:
  std::size_t capacity_;
  std::size_t used_ = 0;
  std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace sluice
