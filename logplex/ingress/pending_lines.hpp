#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "logplex/base/uuid.hpp"
#include "logplex/runtime/memory_account.hpp"
#include "logplex/wire/line.hpp"

namespace sluice::ingress {

/// A line that waits in PendingLines.
struct PendingLine {
  LineView line;
  std::size_t message_size = 0;
  std::optional<Uuid> token;  // of a line that names its own token
};

/// The lines of a body that is not complete yet, as records, in the order in which they came. Grows by blocks: each is
/// charged (MemoryClass::kIngressBodies) when it is allocated, and freed once its lines have been taken out.
///
///     block: | message size, has token | [token] | record | message size, ... |      4, 16, 64, 64 ... KiB
///
/// Belongs to one request, on its shard.
class PendingLines final : private MemoryHolder {
 public:
  class Listener {
   public:
    /// Called once, when the lines were given up because bodies hold too much memory.
    virtual void on_given_up() = 0;

   protected:
    ~Listener() = default;
  };

  PendingLines(Shard& shard, Listener* listener)
      : listener_(listener), charge_(shard, MemoryClass::kIngressBodies, *this) {}

  /// Does nothing once the lines were given up.
  void add(const LineView& line, std::size_t message_size, std::optional<Uuid> token);
  /// Charges `bytes` for what else is held for the body, in place of the last value.
  void hold(std::size_t bytes);
  /// From now on the lines are taken out, and can no longer be given up.
  void begin_taking() { taking_ = true; }
  /// The next line, valid until the next call; false when there is none left.
  bool take(PendingLine& line);
  /// Frees everything, because the body is refused.
  void discard();
  bool given_up() const { return given_up_; }

 private:
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size;
    std::size_t used = 0;
  };

  void give_up_memory(MemoryClass of) override;
  void charge() { charge_.set(held_ + beside_); }
  std::byte* room_for(std::size_t bytes);
  void drop_first();

  Listener* listener_;
  std::deque<Block> blocks_;
  std::size_t taken_ = 0;   // of the first block
  std::size_t beside_ = 0;  // held beside the blocks
  std::size_t held_ = 0;    // the blocks' sizes
  bool given_up_ = false;
  bool taking_ = false;
  MemoryCharge charge_;
};

}  // namespace sluice::ingress
