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

// Lines that Sluice itself sends to a reader, in Logplex's words. They are counted apart from channels' lines.

/// To a drain: `Error L10 (output buffer overflow): N messages dropped since TIME.` from heroku, process logplex,
/// local5.warning. Rendered like any other line, in the place of the lost lines.
OwnedRecord l10_notice(std::uint64_t lines, WallTime since, WallTime now);
/// To a tail: `Error L11 (Tail buffer overflow) -> This tail session dropped N messages since TIME.`; renders as
/// `TIME logplex[1]: Error L11 ...`.
OwnedRecord l11_notice(std::uint64_t lines, WallTime since, WallTime now);
/// To a channel that was over its rate: `Error L16 (Ingress rate limit) -> N lines dropped since TIME.` from logplex,
/// process 1, local5.warning. It becomes a line of the channel, so drains and tails get it.
OwnedRecord l16_notice(std::uint64_t lines, WallTime since, WallTime now);
/// To a channel, but not to its drains: the peer of one of its syslog drains has no valid certificate. `host` is the
/// drain's token; `uri` must hold no secret.
OwnedRecord l14_notice(std::string_view error, std::string_view uri, std::string_view host, WallTime now);

}  // namespace sluice
