#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logplex/base/slot.hpp"
#include "logplex/wire/passed.hpp"

namespace sluice::drains {

class BodyPool;

/// Consecutive lines of one channel, by number, from `first` to `last` inclusive.
struct Run {
  std::uint64_t channel;
  Seq first;
  Seq last;

  std::uint64_t lines() const { return last - first + 1; }
};

/// Adds the next line: extends the last run or starts a new one.
inline void add_line(std::vector<Run>& runs, ChannelSlot channel, Seq seq) {
  if (!runs.empty() && runs.back().channel == channel.value && runs.back().last + 1 == seq)
    ++runs.back().last;
  else
    runs.push_back({channel.value, seq, seq});
}

/// A body that is rendered once and sent by several drains. All tokens have the same size, so each drain overwrites the
/// token of the previous sender with its own just before it sends. Bytes that a socket does not take at once must be
/// copied.
///
/// Made by BodyPool; the last SharedBodyRef returns it there. Used on one shard: the reference count is not atomic.
struct SharedBody {
  std::string bytes;
  std::vector<Run> runs;
  PassedRuns passed;
  std::vector<std::uint32_t> tokens;  // offsets of the drain's token; empty if the body has none

  void address_to(std::string_view token);

  BodyPool* pool = nullptr;
  std::uint64_t charged = 0;  // bytes charged to the byte budget
  std::uint32_t references = 0;
};

class SharedBodyRef {
 public:
  SharedBodyRef() = default;
  explicit SharedBodyRef(SharedBody& body) : body_(&body) { ++body.references; }
  SharedBodyRef(const SharedBodyRef& other) : body_(other.body_) {
    if (body_ != nullptr) ++body_->references;
  }
  SharedBodyRef(SharedBodyRef&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  SharedBodyRef& operator=(SharedBodyRef other) noexcept {
    std::swap(body_, other.body_);
    return *this;
  }
  ~SharedBodyRef() {
    if (body_ != nullptr && --body_->references == 0) give_back();
  }

  explicit operator bool() const { return body_ != nullptr; }
  SharedBody& operator*() const { return *body_; }
  SharedBody* operator->() const { return body_; }

 private:
  void give_back();

  SharedBody* body_ = nullptr;
};

}  // namespace sluice::drains
