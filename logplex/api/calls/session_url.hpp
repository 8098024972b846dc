#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logplex/api/frame/open_streams.hpp"

namespace sluice::api {

/// What a session's url holds: all of the session, so that no node keeps one. Whoever has the url may read the lines,
/// as long as its maker could and the channel is the same one.
struct SessionUrl {
  StreamRights rights;       // with channel, incarnation and end
  std::string query;         // LineQuery::to_text()
  std::uint64_t number = 0;  // random: makes two urls of one query differ

  /// As JSON, to be sealed, and back. None when it was not written by to_text().
  std::string to_text() const;
  static std::optional<SessionUrl> from_text(std::string_view text);
};

/// For Seals: what a session's url is sealed for.
constexpr std::string_view kSessionPlace = "session";
/// Of a sealed url. Heads of requests are bounded, and a url must fit into one.
constexpr std::size_t kLongestSessionUrl = std::size_t{12} << 10;

}  // namespace sluice::api
