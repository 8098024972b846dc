#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice {

/// A message from one shard to another. Owns its bytes. deliver() runs on the receiving shard, which then destroys the
/// mail.
class Mail {
 public:
  Mail() = default;
  Mail(const Mail&) = delete;
  Mail& operator=(const Mail&) = delete;
  virtual ~Mail() = default;
  virtual void deliver() = 0;
};

/// A function as Mail.
template <class F>
class FunctionMail final : public Mail {
 public:
  explicit FunctionMail(F f) : f_(std::move(f)) {}
  void deliver() override { f_(); }

 private:
  F f_;
};

template <class F>
std::unique_ptr<Mail> make_mail(F f) {
  return std::make_unique<FunctionMail<F>>(std::move(f));
}

/// Bounded ring from one shard to one other: single producer, single consumer, no lock.
///
///     head_ (consumer) --> [ mail | mail | ... ] <-- tail_ (producer)
///
/// When full, try_push refuses and the mail stays with the caller (see Shard::send).
class Mailbox {
 public:
  explicit Mailbox(std::size_t capacity) : slots_(capacity), mask_(capacity - 1) {}

  /// Producer only. On success `mail` is empty.
  bool try_push(std::unique_ptr<Mail>& mail) {
    const auto tail = tail_.load(std::memory_order_relaxed);
    if (tail - seen_head_ == slots_.size()) {
      seen_head_ = head_.load(std::memory_order_acquire);
      if (tail - seen_head_ == slots_.size()) return false;
    }
    slots_[tail & mask_] = std::move(mail);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// Consumer only; nullptr when empty.
  std::unique_ptr<Mail> try_pop() {
    const auto head = head_.load(std::memory_order_relaxed);
    if (head == seen_tail_) {
      seen_tail_ = tail_.load(std::memory_order_acquire);
      if (head == seen_tail_) return nullptr;
    }
    auto mail = std::move(slots_[head & mask_]);
    head_.store(head + 1, std::memory_order_release);
    return mail;
  }

  /// Consumer only.
  bool empty() const { return head_.load(std::memory_order_relaxed) == tail_.load(std::memory_order_acquire); }

 private:
  std::vector<std::unique_ptr<Mail>> slots_;
  const std::size_t mask_;
  alignas(64) std::atomic<std::size_t> head_{0};
  std::size_t seen_tail_ = 0;  // consumer's copy
  alignas(64) std::atomic<std::size_t> tail_{0};
  std::size_t seen_head_ = 0;  // producer's copy
};

}  // namespace sluice
