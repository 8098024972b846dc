#include "logplex/ingress/pending_lines.hpp"

#include <algorithm>
#include <cstring>

#include "logplex/wire/record.hpp"

namespace sluice::ingress {
namespace {

constexpr std::size_t kFirstBlock = 4 << 10;
constexpr std::size_t kLargestBlock = 64 << 10;

/// Before each record; 8 bytes, so that records are aligned.
struct Head {
  std::uint32_t message_size;
  std::uint32_t has_token;
};

std::size_t token_size(bool has_token) { return has_token ? sizeof(Uuid) : 0; }

}  // namespace

void PendingLines::add(const LineView& line, std::size_t message_size, std::optional<Uuid> token) {
  const std::size_t token_bytes = token_size(token.has_value());
  std::byte* at = room_for(sizeof(Head) + token_bytes + record_size(line));
  if (at == nullptr) return;
  const Head head{static_cast<std::uint32_t>(message_size), token ? 1U : 0U};
  std::memcpy(at, &head, sizeof head);
  if (token) std::memcpy(at + sizeof head, &*token, sizeof *token);
  encode_record(line, at + sizeof head + token_bytes);
}

/// Null when all was given up.
std::byte* PendingLines::room_for(std::size_t bytes) {
  if (given_up_) return nullptr;
  if (blocks_.empty() || blocks_.back().size - blocks_.back().used < bytes) {
    const std::size_t next = blocks_.empty() ? kFirstBlock : std::min(blocks_.back().size * 4, kLargestBlock);
    const std::size_t size = std::max(bytes, next);
    blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    held_ += size;
    charge();
  }
  Block& block = blocks_.back();
  block.used += bytes;
  return block.bytes.get() + block.used - bytes;
}

void PendingLines::hold(std::size_t bytes) {
  if (given_up_) return;
  beside_ = bytes;
  charge();
}

bool PendingLines::take(PendingLine& line) {
  while (!blocks_.empty() && taken_ == blocks_.front().used) drop_first();
  if (blocks_.empty()) return false;
  const std::byte* at = blocks_.front().bytes.get() + taken_;
  Head head{};
  std::memcpy(&head, at, sizeof head);
  at += sizeof head;
  line.token.reset();
  if (head.has_token != 0) std::memcpy(&line.token.emplace(), at, sizeof(Uuid));
  at += token_size(head.has_token != 0);
  const RecordView record(at);
  line.line = record.line();
  line.message_size = head.message_size;
  taken_ = static_cast<std::size_t>(at - blocks_.front().bytes.get()) + record.size();
  return true;
}

void PendingLines::drop_first() {
  held_ -= blocks_.front().size;
  blocks_.pop_front();
  taken_ = 0;
  charge();
}

void PendingLines::discard() {
  blocks_.clear();
  taken_ = held_ = beside_ = 0;
  charge();
}

/// Keeps lines that are being taken out: they are on their way into channels, and soon freed here.
void PendingLines::give_up_memory(MemoryClass) {
  if (given_up_ || taking_) return;
  given_up_ = true;
  discard();
  if (listener_ != nullptr) listener_->on_given_up();
}

}  // namespace sluice::ingress
