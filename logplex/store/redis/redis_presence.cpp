#include "logplex/store/redis/redis_presence.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "logplex/base/bytes/utf8.hpp"
#include "logplex/base/log.hpp"
#include "logplex/base/rng.hpp"
#include "logplex/store/redis/redis_scripts.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

constexpr Duration kInterval = std::chrono::seconds(2);
constexpr Duration kPatience = std::chrono::seconds(3);
constexpr std::uint64_t kJitterMs = 300;
constexpr int kMostNodes = 1000;
/// The end of a report; versions that know only schema 1 do not send it.
const std::string kKnows = " (schema " + std::to_string(kRedisSchema) + ")";
/// A node without a report for this long counts as gone.
constexpr std::string_view kSilentMs = "60000";

/// Takes the first word off the text.
std::string_view next_word(std::string_view& text) {
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

std::string report_text(const RedisPresence::Report& report) {
  return (report.up_to_date ? "1 " : "0 ") + std::to_string(report.revision) + " " + report.state + kKnows;
}

}  // namespace

NodeSeen parse_report(std::string_view node, std::string_view text, std::uint64_t now) {
  NodeSeen seen;
  seen.node = shown_text(node, 300);
  const auto said = parse_decimal(next_word(text)).value_or(0);
  seen.ago = std::chrono::milliseconds(now > said ? now - said : 0);
  seen.up_to_date = next_word(text) == "1";
  seen.revision = parse_decimal(next_word(text)).value_or(0);
  if (text.ends_with(kKnows)) text.remove_suffix(kKnows.size());
  seen.state = text.empty() ? "unknown" : shown_text(text);
  return seen;
}

RedisPresence::RedisPresence(Shard& shard, RedisFollower& follower, std::string name, std::function<Report()> own,
                             std::function<void()> on_heard)
    : shard_(shard),
      follower_(follower),
      name_(std::move(name)),
      own_(std::move(own)),
      on_heard_(std::move(on_heard)) {}

Task<void> RedisPresence::run() {
  for (;;) {
    if (follower_.commands() && follower_.commands()->is_open()) co_await call();
    const auto pause = kInterval + std::chrono::milliseconds(shard_.rng().below(kJitterMs));
    co_await sleep_for(pause);
  }
}

/// Raises the schema if all nodes support it. The script checks the list of nodes again.
Task<void> RedisPresence::raise_schema() {
  const bool behind = follower_.state() == RedisState::kUpToDate && follower_.schema() < kRedisSchema;
  if (!behind || follower_.history() == 0) co_return;
  SystemRng rng;
  const json::object members{{"silent", kSilentMs},
                             {"history", std::to_string(follower_.history())},
                             {"by", "raise " + std::to_string(rng.next())},
                             {"keep", "20000"}};
  const std::string argument = json::serialize(members);
  const auto reply = co_await run_script(follower_.commands(), "raise_schema", argument, kPatience);
  if (reply.has_error() || reply->is_error()) co_return;
  if (reply->text_at(0) == "ok") log_info("the configuration in Redis has a new schema", {{"schema", kRedisSchema}});
}

Task<void> RedisPresence::call() {
  const json::object members{{"node", name_}, {"report", report_text(own_())}, {"most", kMostNodes}};
  const std::string argument = json::serialize(members);
  const auto reply = co_await run_script(follower_.commands(), "report_node", argument, kPatience);
  // Ignore errors: other parts report a server that is full, read-only or denies permission.
  if (reply.has_error() || reply->is_error()) co_return;
  const auto now = reply->number_at(0);
  heard_.clear();
  for (std::size_t i = 1; i + 1 < reply->list.size(); i += 2)
    heard_.push_back(parse_report(reply->text_at(i), reply->text_at(i + 1), now));
  std::sort(heard_.begin(), heard_.end(), [](const auto& a, const auto& b) { return a.node < b.node; });
  heard_at_ = shard_.clock().steady();
  on_heard_();
  co_await raise_schema();
}

}  // namespace sluice
