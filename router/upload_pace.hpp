#pragma once

#include "router/proxy_settings.hpp"

namespace sluice::router {

/// Finds uploads that are too slow: checks their rate at the end of each window (router.idle_timeout), and their total
/// time. An upload that stands still brings no bytes to check; the idle time ends it.
///
/// Part of an exchange.
class UploadPace {
 public:
  void begin(SteadyTime now) {
    begun_ = now;
    begin_window(now);
  }
  /// The client is not charged for time in which the responder takes nothing: a new window begins when it takes bytes
  /// again.
  void begin_window(SteadyTime now) {
    window_ = now;
    bytes_ = 0;
  }
  bool takes_too_long(SteadyTime now, const ProxySettings& settings) const {
    return now - begun_ >= settings.upload_timeout;
  }
  bool is_too_slow(std::size_t bytes, SteadyTime now, const ProxySettings& settings) {
    bytes_ += bytes;
    const Duration window = now - window_;
    if (window < settings.idle) return false;
    const double wanted = static_cast<double>(settings.upload_min_rate) * std::chrono::duration<double>(window).count();
    const bool slow = static_cast<double>(bytes_) < wanted;
    begin_window(now);
    return slow;
  }

 private:
  SteadyTime begun_{};
  SteadyTime window_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace sluice::router
