#include "logplex/store/redis/redis_reader.hpp"

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/model/sealed_entry.hpp"
#include "logplex/net/net_error.hpp"
#include "logplex/store/redis/redis_link.hpp"
#include "logplex/store/redis/redis_scripts.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

constexpr std::size_t kPageBytes = std::size_t{4} << 20;   // target size of a page
constexpr std::size_t kMostBytes = std::size_t{16} << 20;  // of values in one reply
constexpr std::size_t kSmallestPage = 10;
constexpr std::size_t kLargestPage = 2000;
constexpr std::size_t kMeasuredAtOnce = 500;

Error broken(EntryKind kind, const std::string& what) {
  return {NetError::kMalformed,
          "the key " + redis_keys()[kFirstKindKey + static_cast<std::size_t>(kind)] + " cannot be read: " + what};
}

std::string_view key_of_kind(EntryKind kind) { return redis_keys()[kFirstKindKey + static_cast<std::size_t>(kind)]; }

/// Moves a page into `rows`; returns the bytes of its entries.
std::size_t take_page(RedisReply& page, EntryKind kind, RedisRows& rows) {
  std::size_t bytes = 0;
  for (std::size_t i = 1; i + 1 < page.list.size(); i += 2) {
    auto& value = page.list[i + 1];
    const bool whole = value.kind == RedisReply::Kind::kText;
    bytes += page.list[i].text.size() + (whole ? value.text.size() : page.number_at(i + 1));
    StoredValue stored;
    if (whole) stored.text = std::move(value.text);
    stored.too_large = !whole && page.number_at(i + 1) > kLargestEntry;
    rows.of(kind)[std::move(page.list[i].text)] = std::move(stored);
  }
  return bytes;
}

}  // namespace

Task<result<void, Error>> RedisReader::read_kind(std::shared_ptr<RedisConnection> connection, EntryKind kind,
                                                 RedisRows& rows) {
  std::string cursor = "0";
  do {
    const json::object members{
        {"kind", json::string_view(name_of(kind))}, {"cursor", cursor}, {"count", page_}, {"most", kMostBytes}};
    std::string argument = json::serialize(members);
    auto page = co_await run_script(connection, "read_page", std::move(argument), patience_);
    if (page.has_error()) co_return std::move(page).error();
    if (page->is_error()) co_return broken(kind, page->text);
    if (page->list.empty()) co_return broken(kind, "HSCAN answered something else");
    cursor = page->text_at(0);
    const auto entries = page->list.size() / 2;
    const auto bytes = take_page(*page, kind, rows);
    if (entries > 0) page_ = std::clamp(kPageBytes / (bytes / entries + 1), kSmallestPage, kLargestPage);
  } while (cursor != "0");
  co_return result<void, Error>();
}

Task<result<RedisReader::Sizes, Error>> RedisReader::measure(std::shared_ptr<RedisConnection> connection,
                                                             const std::vector<WantedValue>& wanted, std::size_t from,
                                                             std::size_t to) {
  std::vector<std::vector<std::string_view>> questions;
  for (auto at = from; at < to; ++at) questions.push_back({"HSTRLEN", key_of_kind(wanted[at].kind), wanted[at].key});
  auto replies = co_await connection->call_all(questions, patience_);
  if (replies.has_error()) co_return std::move(replies).error();
  Sizes sizes;
  for (std::size_t i = 0; i < replies->size(); ++i) {
    if ((*replies)[i].is_error()) co_return broken(wanted[from + i].kind, (*replies)[i].text);
    sizes.push_back(static_cast<std::size_t>(std::max<std::int64_t>((*replies)[i].number, 0)));
  }
  co_return sizes;
}

/// Reads the measured values, from index `from` on, in one reply.
Task<result<void, Error>> RedisReader::fetch_some(std::shared_ptr<RedisConnection> connection,
                                                  std::vector<WantedValue>& wanted, std::size_t from,
                                                  const Sizes& sizes) {
  std::vector<std::vector<std::string_view>> questions;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    auto& value = wanted[from + i];
    value.too_large = sizes[i] > kLargestEntry;
    if (value.too_large || sizes[i] == 0) continue;
    questions.push_back({"HGET", key_of_kind(value.kind), value.key});
    places.push_back(from + i);
  }
  if (questions.empty()) co_return result<void, Error>();
  auto replies = co_await connection->call_all(questions, patience_);
  if (replies.has_error()) co_return std::move(replies).error();
  for (std::size_t i = 0; i < replies->size(); ++i)
    if ((*replies)[i].kind == RedisReply::Kind::kText) wanted[places[i]].text = std::move((*replies)[i].text);
  co_return result<void, Error>();
}

Task<result<void, Error>> RedisReader::fetch(std::shared_ptr<RedisConnection> connection,
                                             std::vector<WantedValue>& wanted) {
  std::size_t from = 0;
  while (from < wanted.size()) {
    const auto to = std::min(wanted.size(), from + kMeasuredAtOnce);
    auto sizes = co_await measure(connection, wanted, from, to);
    if (sizes.has_error()) co_return std::move(sizes).error();
    std::size_t bytes = 0;
    std::size_t count = 0;
    while (count < sizes->size() && (count == 0 || bytes + (*sizes)[count] <= kMostBytes)) bytes += (*sizes)[count++];
    sizes->resize(count);
    const auto fetched = co_await fetch_some(connection, wanted, from, *sizes);
    if (fetched.has_error()) co_return fetched.error();
    from += count;
  }
  co_return result<void, Error>();
}

}  // namespace sluice
