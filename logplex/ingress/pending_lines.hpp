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
  std::optional<Uuid> token;  // of a line that is addressed by itself
};

/// The lines of a body that is not complete yet, as records, in the order in which they came. Grows by blocks, which
/// are charged (MemoryClass::kIngressBodies) as they are made, and gives them back as the lines are taken out.
///
///     block: | message size, has token | [token] | record | message size, ... |      4, 16, 64, 64 ... KiB
///
/// Belongs to one request, on its shard.
class PendingLines final : private MemoryHolder {
 public:
  class Listener {
   public:
    /// The lines were given up, because bodies hold too much memory. Once.
    virtual void on_given_up() = 0;

   protected:
    ~Listener() = default;
  };

  PendingLines(Shard& shard, Listener* listener)
      : listener_(listener), charge_(shard, MemoryClass::kIngressBodies, *this) {}

  /// Does nothing once the lines were given up.
  void add(const LineView& line, std::size_t message_size, std::optional<Uuid> token);
  /// Charges what else is held for the body: `bytes` in place of what was said before.
  void hold(std::size_t bytes);
  /// From here on the lines are taken out, and are not given up any more.
  void begin_taking() { taking_ = true; }
  /// The next line, valid until the next call; false when there is none left.
  bool take(PendingLine& line);
  /// The body is refused: nothing is held any more.
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
