#include "logplex/store/redis/redis_rows.hpp"

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

constexpr std::size_t kFirstCount = 8;
/// Lua scripts compute with doubles, which are exact up to here.
constexpr std::uint64_t kLargestNumber = (std::uint64_t{1} << 53) - 1;

/// Accepts the same numbers as redis-scripts/common.lua.
bool is_number(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return false;
  const auto number = parse_decimal(text);
  return number && *number <= kLargestNumber;
}

/// The first field that a script would reject; none when every field is valid or missing.
std::optional<std::string_view> damaged_field(const RedisReply& reply) {
  const auto names = RedisMeta::fields();
  for (std::size_t i = 1; i < names.size() && i < reply.list.size(); ++i) {
    if (names[i] == "accepted" || names[i] == "loading" || reply.list[i].is_nil()) continue;
    std::string_view text = reply.text_at(i);
    // A count falls below zero when a script deletes entries that no script made.
    const bool negative = names[i].starts_with("count:") && text.starts_with("-") && text != "-0";
    if (negative) text.remove_prefix(1);
    if (!is_number(text)) return names[i];
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_digest(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 16 || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "put:app:shop" and its value, "ref:app:shop" and the value's digest, or "del:app:shop".
std::optional<RedisEvent::Part> parse_part(std::string_view name, const std::string& value) {
  const auto what = name.substr(0, std::min<std::size_t>(4, name.size()));
  if (what != "put:" && what != "ref:" && what != "del:") return std::nullopt;
  name.remove_prefix(4);
  const auto colon = name.find(':');
  const auto kind = colon == std::string_view::npos ? std::nullopt : parse_kind(name.substr(0, colon));
  if (!kind) return std::nullopt;
  RedisEvent::Part part{*kind, std::string(name.substr(colon + 1)), std::nullopt, std::nullopt};
  if (what == "put:") part.value = value;
  if (what == "ref:") part.digest = parse_digest(value).value_or(0);
  return part;
}

}  // namespace

std::vector<std::string_view> RedisMeta::fields() {
  return {"history",       "revision",  "checksum",         "next_drain_id", "next_channel_id", "readable_by",
          "accepted",      "loading",   "count:app",        "count:channel", "count:token",     "count:drain",
          "count:session", "count:key", "count:credential", "stream_half",   "stream_from",     "stream_before"};
}

RedisMeta RedisMeta::from(const RedisReply& reply) {
  RedisMeta meta;
  meta.history = reply.number_at(0);
  meta.revision = reply.number_at(1);
  meta.sum = EntrySum(reply.number_at(2));
  meta.next_drain_id = std::max<std::uint64_t>(reply.number_at(3), 1);
  meta.next_channel_id = std::max<std::uint64_t>(reply.number_at(4), 1);
  meta.readable_by = std::max<std::uint64_t>(reply.number_at(5), 1);
  meta.accepted = reply.number_at(6);
  meta.loading = !reply.text_at(7).empty();
  for (std::size_t kind = 0; kind < kEntryKinds; ++kind)
    meta.counts[kind] = parse_decimal(reply.text_at(kFirstCount + kind));
  if (const auto field = damaged_field(reply))
    meta.damaged = "the field " + std::string(*field) + " of {sluice}:meta in Redis is not a whole number below 2^53";
  return meta;
}

std::optional<RedisEvent> RedisEvent::from(const RedisReply& entry) {
  const auto& id = entry.text_at(0);
  const auto revision = parse_decimal(std::string_view(id).substr(0, id.find('-')));
  if (!revision || entry.list.size() != 2) return std::nullopt;
  RedisEvent event;
  event.revision = *revision;
  const auto& fields = entry.list[1];
  for (std::size_t i = 0; i + 1 < fields.list.size(); i += 2) {
    const auto& name = fields.text_at(i);
    if (name == "sum") event.sum = EntrySum(fields.number_at(i + 1));
    if (name == "by") event.by = fields.text_at(i + 1);
    if (auto part = parse_part(name, fields.text_at(i + 1))) event.parts.push_back(std::move(*part));
  }
  return event;
}

void RedisRows::apply(const RedisEvent& event) {
  for (const auto& part : event.parts) {
    auto& rows = of(part.kind);
    if (part.value)
      rows[part.key] = {part.value, std::nullopt};
    else if (part.digest)
      rows[part.key] = {std::nullopt, part.digest};
    else
      rows.erase(part.key);
  }
  meta.revision = event.revision;
  meta.sum = event.sum;
}

std::size_t RedisRows::size() const {
  std::size_t size = 0;
  for (const auto& rows : values) size += rows.size();
  return size;
}

std::vector<WantedValue> RedisRows::wanted() const {
  std::vector<WantedValue> out;
  for (std::size_t kind = 0; kind < kEntryKinds; ++kind)
    for (const auto& [key, value] : values[kind])
      if (!value.text && !value.too_large) out.push_back({EntryKind(kind), key});
  return out;
}

/// Skips a value that is newer than the event that named it: a later event brings it.
void RedisRows::take(WantedValue value) {
  auto& row = of(value.kind)[value.key];
  row.too_large = value.too_large;
  const bool same = value.text && (!row.digest || *row.digest == entry_digest(value.kind, value.key, *value.text));
  if (same) row.text = std::move(value.text);
}

}  // namespace sluice
