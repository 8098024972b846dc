#include "logplex/api/paging.hpp"

#include <algorithm>

#include "logplex/api/seals.hpp"

namespace sluice {
namespace {

/// To find a part of a list, to show an item, and for each byte of its text (2026-11-29: about 10 ns).
constexpr Work kWorkPerPart = 2'000;
constexpr Work kWorkPerItem = 1'000;
constexpr Work kWorkPerByte = 10;
/// Keys looked at together when some of them may not be shown.
constexpr std::size_t kLookedAt = 256;

/// Where a cursor holds: this list, this caller.
std::string place_of(const ApiCall& call) {
  return "list " + std::string(call.route.path) + (call.who.full ? " * " : " ") + call.who.id;
}

/// What `find` answers for the caller's own channels, in order: at most `limit` of them and the name of the last when
/// there are more.
template <class T, class Find>
Page<T> own_page(const ApiCall& call, const PageQuery& query, Find find) {
  Page<T> page;
  const auto& config = call.parts.config();
  for (const auto& channel : *call.who.channels) {
    if (channel.id <= query.after || !call.who.may_use(config, channel.id)) continue;
    const T* found = find(config, channel.id);
    if (found == nullptr) continue;
    if (page.items.size() == query.limit) return page;
    page.items.push_back(found);
    page.next = channel.id;
  }
  page.next.clear();
  return page;
}

/// Keys that name one of the caller's channels, ordered by id, each once.
std::vector<const ApiKey*> keys_of_channels(const ConfigSnapshot& config, const KeyChannels& channels) {
  std::vector<const ApiKey*> out;
  for (const auto& channel : channels)
    if (const auto* named = config.keys_of_channel(channel.id))
      for (const auto& key : named->keys) out.push_back(key.get());
  std::ranges::sort(out, {}, &ApiKey::id);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

/// Adds those that the asker may manage until the page is full; false when it is and more follow.
bool fill(Page<ApiKey>& page, const std::vector<const ApiKey*>& keys, const ApiKey& asker, const PageQuery& query) {
  for (const auto* key : keys) {
    if (key->id <= query.after || !may_manage(asker, *key)) continue;
    if (page.items.size() == query.limit) return false;
    page.items.push_back(key);
  }
  return true;
}

Page<ApiKey> managed_keys(const ApiCall& call, const ApiKey& asker, const PageQuery& query) {
  const auto& config = call.parts.config();
  Page<ApiKey> page;
  bool all = true;
  if (asker.limited()) {
    all = fill(page, keys_of_channels(config, *asker.channels), asker, query);
  } else {
    for (auto some = config.keys(query.after, kLookedAt); all; some = config.keys(some.next, kLookedAt)) {
      all = fill(page, some.items, asker, query);
      if (some.next.empty()) break;
    }
  }
  if (!all) page.next = page.items.back()->id;
  return page;
}

}  // namespace

checked<PageQuery> PageQuery::from(const ApiCall& call) {
  PageQuery page;
  const auto parameters = call.query();
  SLUICE_TRY(page.limit, parameters.number("limit", kDefault, kMost));
  const std::string* cursor = parameters.find("cursor");
  if (cursor == nullptr || cursor->empty()) return page;
  const auto opened = call.parts.seals.open(call.parts.config(), *cursor, place_of(call));
  if (!opened) return BadInput{"cursor must be one that this list gave to this key", "cursor"};
  page.after = opened->reveal();
  return page;
}

void PageText::add(const boost::json::value& item) {
  if (!text_.empty()) text_ += ',';
  text_ += json_text(item);
}

bool PageText::ends_with(std::size_t items, std::string next) {
  left_.limit -= std::min(left_.limit, items);
  left_.after = std::move(next);
  cost_ = kWorkPerPart + items * kWorkPerItem + (text_.size() - charged_) * kWorkPerByte;
  charged_ = text_.size();
  return left_.after.empty() || left_.limit == 0;
}

Work PageText::cost() const { return cost_; }

ApiAnswer PageText::answer(const ApiCall& call) const {
  boost::json::value next;
  if (!left_.after.empty()) next = call.parts.seals.seal(call.parts.config(), left_.after, place_of(call));
  ApiAnswer answer;
  answer.body = "{\"items\":[" + text_ + "],\"next\":" + json_text(next) + "}\n";
  return answer;
}

Page<AppEntry> visible_apps(const ApiCall& call, const PageQuery& query) {
  if (call.who.all_channels()) return call.parts.config().apps(query.after, query.limit);
  return own_page<AppEntry>(call, query, [](const ConfigSnapshot& config, const auto& id) { return config.app(id); });
}

Page<ChannelEntry> visible_channels(const ApiCall& call, const PageQuery& query) {
  if (call.who.all_channels()) return call.parts.config().channels(query.after, query.limit);
  return own_page<ChannelEntry>(call, query,
                                [](const ConfigSnapshot& config, const auto& id) { return config.channel(id); });
}

Page<ApiKey> visible_keys(const ApiCall& call, const PageQuery& query) {
  if (call.who.full) return call.parts.config().keys(query.after, query.limit);
  const auto* asker = call.parts.config().key(call.who.id);
  return asker == nullptr ? Page<ApiKey>() : managed_keys(call, *asker, query);
}

}  // namespace sluice
