#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>

#include "logplex/api/api_call.hpp"

namespace sluice {

// Lists go page by page over what the caller may see. A cursor is sealed for the list and the caller: it shows nothing
// of what lies between two pages, and another caller cannot use it.

/// What one page was asked for: `?cursor=&limit=`.
struct PageQuery {
  static constexpr std::uint64_t kDefault = 100;
  static constexpr std::uint64_t kMost = 1000;

  std::string after;  // the key of the last item that the caller has; empty = from the start
  std::size_t limit = kDefault;

  static checked<PageQuery> from(const ApiCall& call);
};

/// `{"items", "next"}`; `last` is the key of the last item when more follow, else empty.
ApiAnswer page_answer(const ApiCall& call, boost::json::array items, std::string_view last);

// One page of each kind of thing that the caller may see, in order. O(limit) for those who see all. A key that is
// limited to channels pays for its own list of channels, and nobody else's.
Page<AppEntry> visible_apps(const ApiCall& call, const PageQuery& query);
Page<ChannelEntry> visible_channels(const ApiCall& call, const PageQuery& query);
Page<ApiKey> visible_keys(const ApiCall& call, const PageQuery& query);

}  // namespace sluice
