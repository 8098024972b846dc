#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/wire/record.hpp"

namespace sluice {

/// A record that owns its bytes: for the few lines that are made one at a time.
class OwnedRecord {
 public:
  explicit OwnedRecord(const LineView& line);
  RecordView view() const { return RecordView(bytes()); }
  const std::byte* bytes() const { return reinterpret_cast<const std::byte*>(words_.data()); }

 private:
  std::vector<std::uint64_t> words_;  // aligned to 8
};

// The lines that Sluice itself says to a reader, in Logplex's words. They are counted apart from channels' lines.

/// To a drain: `Error L10 (output buffer overflow): N messages dropped since TIME.` from heroku, process logplex,
/// local5.warning. Rendered like any other line, at the place of the loss.
OwnedRecord l10_notice(std::uint64_t lines, WallTime since, WallTime now);
/// To a tail: `Error L11 (Tail buffer overflow) -> This tail session dropped N messages since TIME.`; renders as
/// `TIME logplex[1]: Error L11 ...`.
OwnedRecord l11_notice(std::uint64_t lines, WallTime since, WallTime now);
/// To a channel that was over its rate: `Error L16 (Ingress rate limit) -> N lines dropped since TIME.` from logplex,
/// process 1, local5.warning. A line of the channel like others, so that drains and tails have it.
OwnedRecord l16_notice(std::uint64_t lines, WallTime since, WallTime now);
/// To a channel whose syslog drain's peer has no valid certificate. `host` is the drain's token; `uri` must hold no
/// secret.
OwnedRecord l14_notice(std::string_view error, std::string_view uri, std::string_view host, WallTime now);

}  // namespace sluice
