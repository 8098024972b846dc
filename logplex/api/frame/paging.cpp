#include "logplex/api/frame/paging.hpp"

#include <algorithm>

#include "logplex/api/frame/seals.hpp"

namespace sluice::api {
namespace {

/// Most keys, and most channels of theirs, to look at in one step when the caller may not see some of the keys.
constexpr std::size_t kKeysLookedAt = 64;
constexpr std::size_t kChannelsLookedAt = 512;

/// A cursor is valid only for this list and this caller.
std::string place_of(const ApiCall& call) {
  return "list " + std::string(call.route.path) + (call.who.full ? " * " : " ") + call.who.id;
}

/// What `find` returns for the caller's own channels, in order: at most `limit` items. If there are more, `next` is the
/// name of the last one.
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

Page<ApiKey> managed_keys(const ApiCall& call, const ApiKey& asker, const PageQuery& query) {
  Page<ApiKey> page;
  auto some = call.parts.config().keys(query.after, kKeysLookedAt);
  std::size_t channels = 0;
  for (const auto* key : some.items) {
    if (page.items.size() == query.limit || channels > kChannelsLookedAt) return page;
    if (may_manage(asker, *key)) page.items.push_back(key);
    channels += key->limited() ? key->channels->size() : 0;
    page.next = key->id;
  }
  page.next = std::move(some.next);
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
  if (!opened) return BadInput{"cursor must come from an earlier page of this list, read with the same key", "cursor"};
  page.after = opened->reveal();
  return page;
}

void PageText::add(std::string_view key, const boost::json::value& item) {
  if (!text_.empty()) text_ += ',';
  text_ += json_text(item);
  after_ = last_ = key;
  ++items_;
  --left_;
}

bool PageText::walk_on(std::string next) {
  after_ = std::move(next);
  if (!after_.empty()) return false;
  last_.clear();
  return true;
}

Work PageText::cost() {
  const Work cost = kWorkPerPart + items_ * kWorkPerItem + (text_.size() - charged_) * kWorkPerByte;
  items_ = 0;
  charged_ = text_.size();
  return cost;
}

ApiAnswer PageText::answer(const ApiCall& call) const {
  boost::json::value next;
  if (!last_.empty()) next = call.parts.seals.seal(call.parts.config(), last_, place_of(call));
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

}  // namespace sluice::api
