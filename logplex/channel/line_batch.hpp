#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "logplex/base/slot.hpp"
#include "logplex/base/units.hpp"
#include "logplex/channel/sender.hpp"
#include "logplex/runtime/mailbox.hpp"
#include "logplex/wire/record.hpp"

namespace sluice {

/// Records on their way from one shard to the shard that owns their channels. Owns its bytes.
///
///     | slot, 4 | sender, 4 | record | slot, 4 | sender, 4 | record | ...        all aligned to 8
///
/// The owner sends the batch back for reuse and reports which channels need backpressure. So a line costs no heap
/// operation, and the number of batches under way is bounded.
class LineBatch final : public Mail {
 public:
  static constexpr std::size_t kUsualSize = 64 << 10;
  static constexpr std::size_t kPrefix = 8;
  static constexpr std::size_t kMostPressing = 64;

  /// Has room for at least one record of this size.
  explicit LineBatch(std::size_t record_size);

  /// Where to write a record of this size; nullptr when there is no room.
  std::byte* add(ChannelSlot channel, SenderId sender, std::size_t record_size) {
    if (capacity_ - used_ < kPrefix + record_size) return nullptr;
    std::byte* at = bytes_.get() + used_;
    const std::uint64_t prefix = channel.value | std::uint64_t{sender.value} << 32;
    std::memcpy(at, &prefix, sizeof prefix);
    used_ += kPrefix + record_size;
    return at + kPrefix;
  }

  template <class F>
  void for_each(F&& visit) const {
    for (std::size_t at = 0; at < used_;) {
      std::uint64_t prefix = 0;
      std::memcpy(&prefix, bytes_.get() + at, sizeof prefix);
      const RecordView record(bytes_.get() + at + kPrefix);
      visit(ChannelSlot{static_cast<std::uint32_t>(prefix)}, SenderId{static_cast<std::uint32_t>(prefix >> 32)},
            record);
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
  /// False for a batch that was made for one long record: the sender does not reuse it.
  bool usual() const { return capacity_ == kUsualSize; }

  /// Never called: the sender takes returned batches out of the mailbox itself.
  void deliver() override {}

  bool asks_for_mail = false;  // the owner sends a mail when it has sent this batch back

  // Filled in by the owner before it sends the batch back.
  Duration delay{};                   // how long senders to these channels should pause
  std::vector<ChannelSlot> pressing;  // at most kMostPressing; that many mean: all channels

 private:
  std::size_t capacity_;
  std::size_t used_ = 0;
  std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace sluice
