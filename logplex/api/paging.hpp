#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/api/api_call.hpp"
#include "logplex/runtime/task_work.hpp"
#include "logplex/wire/json_text.hpp"

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

// One page of each kind of thing that the caller may see, in order. O(limit) for those who see all. A key that is
// limited to channels pays for its own list of channels, and nobody else's.
Page<AppEntry> visible_apps(const ApiCall& call, const PageQuery& query);
Page<ChannelEntry> visible_channels(const ApiCall& call, const PageQuery& query);
Page<ApiKey> visible_keys(const ApiCall& call, const PageQuery& query);

/// The text of a page under construction: some items in each turn, because a page of a thousand may take 5 ms and more.
/// Lives in list_page().
class PageText {
 public:
  /// Looked up and shown without a look at the turn's work.
  static constexpr std::size_t kTogether = 16;

  explicit PageText(const PageQuery& query) : left_(query) {}

  PageQuery some() const { return {left_.after, std::min(left_.limit, kTogether)}; }
  void add(const boost::json::value& item);
  /// What was added since the last call cost; `next` as in Page. True when the page is full or the list at its end.
  bool ends_with(std::size_t items, std::string next);
  Work cost() const;
  ApiAnswer answer(const ApiCall& call) const;

 private:
  PageQuery left_;
  std::string text_;
  std::size_t charged_ = 0;  // of the text
  Work cost_ = 0;
};

/// One page: what `visible` finds, as `show` shows it. Between two turns the configuration may change, as between two
/// pages.
template <class T, class Show>
Task<ApiAnswer> list_page(ApiCall& call, Page<T> (*visible)(const ApiCall&, const PageQuery&), Show show) {
  const auto query = PageQuery::from(call);
  if (query.has_error()) co_return query.error().answer();
  PageText text(*query);
  TaskWork work(call.parts.shard, call.owner());
  for (bool ended = query->limit == 0; !ended; work.spend(text.cost())) {
    if (!work.may_go_on()) co_await work.share();
    const auto page = visible(call, text.some());
    for (const T* item : page.items) text.add(show(*item));
    ended = text.ends_with(page.items.size(), page.next);
  }
  co_return text.answer(call);
}

}  // namespace sluice
