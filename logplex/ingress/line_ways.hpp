#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "logplex/base/uuid.hpp"
#include "logplex/wire/passed.hpp"

namespace sluice::ingress {

/// A drain's id in the list of logs that a line has passed. Made from its token, because syslog receivers see that, and
/// not the id of its log.
inline std::uint64_t passed_id(const Uuid& drain) { return UuidHash()(drain); }

/// Which logs the lines of one request have passed, and which lines have been here before. Without header fields about
/// this, no line has, and it costs nothing. A value.
class LineWays {
 public:
  LineWays() = default;
  /// `own`: the ids that a line gets here. None when every line has been here or has passed too many logs.
  static std::optional<LineWays> make(const PassedFields& fields, std::span<const std::uint64_t> own);

  /// The logs that this line of the request has passed; none when it has been here before, or has passed too many.
  /// Numbers must not fall from call to call. The view is valid until this object is moved or destroyed.
  std::optional<PassedView> of(std::uint64_t number) {
    if (stretches_.empty()) return PassedView();
    while (stretches_[at_].last < number) ++at_;
    if (stretches_[at_].logs) return stretches_[at_].logs->view();
    ++loops_;
    return std::nullopt;
  }
  /// Lines that of() found to have been here before.
  std::uint64_t loops() const { return loops_; }

 private:
  std::vector<PassedFields::Stretch> stretches_;  // without logs: these lines have been here, or passed too many
  std::size_t at_ = 0;
  std::uint64_t loops_ = 0;
};

}  // namespace sluice::ingress
