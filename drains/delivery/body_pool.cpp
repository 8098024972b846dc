#include "drains/delivery/body_pool.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::drains {
namespace {

constexpr std::chrono::seconds kLookAfter{1};
/// How many spare bodies the pool keeps.
constexpr std::size_t kMostSpare = 16;
/// How many times larger than its bytes a closed body's buffer may be.
constexpr std::size_t kMostRoom = 4;

}  // namespace

void SharedBody::address_to(std::string_view token) {
  if (tokens.empty() || std::memcmp(bytes.data() + tokens.front(), token.data(), token.size()) == 0) return;
  for (const std::uint32_t at : tokens) std::memcpy(bytes.data() + at, token.data(), token.size());
}

void SharedBodyRef::give_back() { body_->pool->give_back(*body_); }

BodyPool::BodyPool(Shard& shard, FabricShard& fabric)
    : OnShard(shard), fabric_(fabric), second_(shard.wheel(), *this) {}

BodyPool::~BodyPool() { fabric_.charge(-static_cast<std::int64_t>(used_)); }

void BodyPool::charge(std::int64_t bytes) {
  used_ += static_cast<std::uint64_t>(bytes);
  fabric_.charge(bytes);
}

std::string BodyPool::take() {
  if (spare_.empty()) return {};
  std::string body = std::move(spare_.back());
  spare_.pop_back();
  least_spare_ = std::min(least_spare_, spare_.size());
  charge(-static_cast<std::int64_t>(body.capacity()));
  spare_bytes_ -= body.capacity();
  return body;
}

void BodyPool::give_back(std::string body) {
  if (spare_.size() >= kMostSpare || is_tight()) return;
  body.clear();
  charge(static_cast<std::int64_t>(body.capacity()));
  spare_bytes_ += body.capacity();
  spare_.push_back(std::move(body));
  watch();
}

SharedBodyRef BodyPool::take_shared(std::size_t bytes) {
  if (spare_shared_.empty()) {
    spare_shared_.push_back(all_shared_.emplace_back(std::make_unique<SharedBody>()).get());
    spare_shared_.back()->pool = this;
  }
  SharedBody& body = *spare_shared_.back();
  spare_shared_.pop_back();
  spare_bytes_ -= body.charged;
  least_spare_shared_ = std::min(least_spare_shared_, spare_shared_.size());
  body.bytes.clear();
  if (body.bytes.capacity() < bytes && !spare_.empty()) body.bytes = take();
  body.bytes.reserve(bytes);
  body.runs.clear();
  body.tokens.clear();
  body.passed.clear();
  return SharedBodyRef(body);
}

void BodyPool::settle(SharedBody& body) {
  const std::uint64_t takes = body.bytes.capacity() + body.runs.capacity() * sizeof(Run) +
                              body.tokens.capacity() * sizeof body.tokens[0] + body.passed.memory();
  charge(static_cast<std::int64_t>(takes) - static_cast<std::int64_t>(body.charged));
  body.charged = takes;
}

void BodyPool::close(SharedBody& body) {
  settle(body);
  if (body.bytes.size() < body.bytes.capacity() / kMostRoom) {
    std::string room = std::exchange(body.bytes, std::string(body.bytes));
    charge(-static_cast<std::int64_t>(room.capacity()));
    body.charged -= room.capacity();
    give_back(std::move(room));
    settle(body);
  }
}

void BodyPool::add_holder(Holder& holder) { holders_.push_back(&holder); }

void BodyPool::remove_holder(Holder& holder) { std::erase(holders_, &holder); }

void BodyPool::relieve() {
  while (!holders_.empty() && is_full()) {
    Holder& first = *holders_.front();
    holders_.erase(holders_.begin());
    first.fold_frames();
  }
}

void BodyPool::give_back(SharedBody& body) {
  settle(body);
  spare_bytes_ += body.charged;
  spare_shared_.push_back(&body);
  watch();
}

void BodyPool::watch() {
  if (!second_.armed()) second_.arm(kLookAfter);
}

/// Frees half of what nobody needed in this second. The rest stays for the next burst.
void BodyPool::on_second() {
  for (std::size_t left = (least_spare_ + 1) / 2; left > 0 && !spare_.empty(); --left) take();
  for (std::size_t left = (least_spare_shared_ + 1) / 2; left > 0 && !spare_shared_.empty(); --left) {
    SharedBody* gone = spare_shared_.back();
    spare_shared_.pop_back();
    charge(-static_cast<std::int64_t>(gone->charged));
    spare_bytes_ -= gone->charged;
    std::erase_if(all_shared_, [gone](const auto& body) { return body.get() == gone; });
  }
  least_spare_ = spare_.size();
  least_spare_shared_ = spare_shared_.size();
  if (least_spare_ + least_spare_shared_ > 0) watch();
}

}  // namespace sluice::drains
