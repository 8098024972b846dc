#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/api/frame/api_call.hpp"
#include "logplex/runtime/task_work.hpp"
#include "logplex/wire/json_text.hpp"

namespace sluice::api {

// Lists are sent in pages of the items that the caller may see. A cursor is sealed for one list and one caller: it
// reveals nothing about items between two pages, and another caller cannot use it.

/// Which page the caller wants: `?cursor=&limit=`.
struct PageQuery {
  static constexpr std::uint64_t kDefault = 100;
  static constexpr std::uint64_t kMost = 1000;

  std::string after;  // key of the last item that the caller has; empty = from the start
  std::size_t limit = kDefault;

  static checked<PageQuery> from(const ApiCall& call);
};

// The next items of each kind that the caller may see, in order: at most `limit`, and fewer when many had to be looked
// at. `next` says where to continue, and may name an item that the caller may not see; it is empty at the end of the
// list. For a key that is limited to channels, lists of apps and channels cost as much as its own list of channels, and
// a list of keys costs a look at each key.
Page<AppEntry> visible_apps(const ApiCall& call, const PageQuery& query);
Page<ChannelEntry> visible_channels(const ApiCall& call, const PageQuery& query);
Page<ApiKey> visible_keys(const ApiCall& call, const PageQuery& query);

inline std::string_view key_of(const AppEntry& entry) { return entry.app.name; }
inline std::string_view key_of(const ChannelEntry& entry) { return entry.channel.id; }
inline std::string_view key_of(const ApiKey& key) { return key.id; }

/// Builds the text of a page, some items in each turn: a page of a thousand items may take 5 ms and more, and a single
/// item may have a quarter of a megabyte. Lives in list_page().
class PageText {
 public:
  /// How many items are looked up at once. They are shown at once as long as has_room().
  static constexpr std::size_t kTogether = 16;

  explicit PageText(const PageQuery& query) : after_(query.after), last_(query.after), left_(query.limit) {}

  /// The next look-up: one item more than there is room for, because a page says whether more follows.
  PageQuery some() const { return {after_, std::min(left_ + 1, kTogether)}; }
  /// False when the page is full, or when the text since the last cost() took about a slice of work.
  bool has_room() const { return left_ > 0 && (text_.size() - charged_) * kWorkPerByte < TurnWork::kSlice; }
  void add(std::string_view key, const boost::json::value& item);
  /// All items of the last look-up are in the page; `next` as in Page. True at the end of the list.
  bool walk_on(std::string next);
  bool is_full() const { return left_ == 0; }
  /// The work done since the last call.
  Work cost();
  ApiAnswer answer(const ApiCall& call) const;

 private:
  /// Work to find a part of a list, to show an item, and for each byte of its text (2026-11-29: about 10 ns).
  static constexpr Work kWorkPerPart = 10'000;
  static constexpr Work kWorkPerItem = 1'000;
  static constexpr Work kWorkPerByte = 10;

  std::string after_;  // where to look next
  std::string last_;   // the key of the last item; empty when nothing follows it
  std::size_t left_;
  std::string text_;
  std::size_t items_ = 0;    // not charged yet
  std::size_t charged_ = 0;  // of the text
};

/// Answers one page: `visible` finds the items, `show` turns each into JSON. The configuration may change between two
/// turns, as it may between two pages.
template <class T, class Show>
Task<ApiAnswer> list_page(ApiCall& call, Page<T> (*visible)(const ApiCall&, const PageQuery&), Show show) {
  const auto query = PageQuery::from(call);
  if (query.has_error()) co_return query.error().answer();
  PageText text(*query);
  TaskWork work(call.parts.shard, call.owner());
  for (bool ended = query->limit == 0; !ended; work.spend(text.cost())) {
    if (!work.may_go_on()) co_await work.share();
    call.mention();
    const auto page = visible(call, text.some());
    std::size_t shown = 0;
    for (; shown < page.items.size() && text.has_room(); ++shown)
      text.add(key_of(*page.items[shown]), show(*page.items[shown]));
    ended = shown < page.items.size() ? text.is_full() : text.walk_on(page.next);
  }
  co_return text.answer(call);
}

}  // namespace sluice::api
