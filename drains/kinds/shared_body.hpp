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

/// Lines that follow each other in one channel, by number; both ends belong to it.
struct Run {
  std::uint64_t channel;
  Seq first;
  Seq last;

  std::uint64_t lines() const { return last - first + 1; }
};

/// The next line: lengthens the last run or begins one.
inline void add_line(std::vector<Run>& runs, ChannelSlot channel, Seq seq) {
  if (!runs.empty() && runs.back().channel == channel.value && runs.back().last + 1 == seq)
    ++runs.back().last;
  else
    runs.push_back({channel.value, seq, seq});
}

/// Bytes that several drains send, rendered once. All tokens have the same size, so each drain writes its own over the
/// one of who sent before, just before it sends; what a socket did not take at once is copied.
///
/// Made by BodyPool, to which the last SharedBodyRef gives it back. One shard: the count is not atomic.
struct SharedBody {
  std::string bytes;
  std::vector<Run> runs;
  PassedRuns passed;
  std::vector<std::uint32_t> tokens;  // where a drain's token stands; none when all send the same

  void address_to(std::string_view token);

  BodyPool* pool = nullptr;
  std::uint64_t charged = 0;  // against the byte budget
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
