#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logplex/api/frame/open_streams.hpp"

namespace sluice::api {

/// The content of a session's url: the whole session, so that no node stores it. Whoever has the url may read the lines
/// as long as its maker may and the channel has not been replaced by a new one.
struct SessionUrl {
  StreamRights rights;       // with channel, incarnation and end
  std::string query;         // LineQuery::to_text()
  std::uint64_t number = 0;  // random: makes two urls of one query differ

  /// Converts it to JSON, for sealing, and back. None when to_text() did not write the text.
  std::string to_text() const;
  static std::optional<SessionUrl> from_text(std::string_view text);
};

/// The place, in terms of Seals, of a session's url.
constexpr std::string_view kSessionPlace = "session";
/// Longest sealed url. A url must fit into a request head, whose size is limited.
constexpr std::size_t kLongestSessionUrl = std::size_t{12} << 10;

}  // namespace sluice::api
