#include "logplex/cli/view/drain_report.hpp"

#include <fmt/format.h>

#include "logplex/cli/view/json_text.hpp"
#include "logplex/cli/view/table.hpp"
#include "logplex/cli/view/times.hpp"
#include "logplex/wire/json_text.hpp"

namespace sluice::cli {
namespace {

namespace json = boost::json;

const json::value& stats_of(const json::value& drain) {
  static const json::value kNone;
  const auto* stats = member(drain, "stats");
  return stats == nullptr ? kNone : *stats;
}

std::uint64_t dropped_in_all(const json::value& stats) {
  const auto* dropped = member(stats, "dropped");
  std::uint64_t sum = 0;
  if (dropped == nullptr || !dropped->is_object()) return sum;
  for (const auto& reason : dropped->get_object()) sum += count_at(*dropped, reason.key()).value_or(0);
  return sum;
}

std::string count_text(const json::value& stats, std::string_view name) {
  const auto count = count_at(stats, name);
  return count ? grouped(*count) : std::string();
}

std::string age_text(const json::value& stats) {
  const auto age = number_at(stats, "oldest_pending_age_s");
  return age && *age > 0 ? format_age(std::chrono::milliseconds(static_cast<long long>(*age * 1000))) : std::string();
}

std::string milliseconds_text(const json::value& value) {
  return value.is_number() ? fmt::format("{:.3g} ms", value.to_number<double>()) : value_text(value);
}

/// "2 ms", or "p50 2ms, p99 9ms" when the server gives several.
std::string latency_text(const json::value& value) {
  const auto* latency = member(value, "latency_ms");
  if (latency == nullptr || latency->is_null()) return {};
  if (!latency->is_object()) return milliseconds_text(*latency);
  std::string out;
  for (const auto& part : latency->get_object()) {
    out += (out.empty() ? "" : ", ") + std::string(part.key()) + " " + milliseconds_text(part.value());
  }
  return out;
}

/// Text unchanged; an object or array as JSON.
std::string any_text(const json::value& value, std::string_view name) {
  const auto* found = member(value, name);
  if (found == nullptr || found->is_null()) return {};
  return found->is_structured() ? json_text(*found) : value_text(*found);
}

std::string pending_text(const json::value& stats) {
  const auto lines = count_at(stats, "pending_lines");
  if (!lines) return {};
  const auto bytes = count_at(stats, "pending_bytes");
  const std::string age = age_text(stats);
  return grouped(*lines) + (*lines == 1 ? " line" : " lines") + (bytes ? ", " + short_bytes(*bytes) : "") +
         (age.empty() ? "" : ", oldest " + age);
}

void add_dropped(FactList& facts, const json::value& stats) {
  const auto* dropped = member(stats, "dropped");
  if (dropped == nullptr || !dropped->is_object()) return;
  if (dropped->get_object().empty()) return facts.add("dropped", "0");
  for (const auto& reason : dropped->get_object()) {
    facts.add("dropped", count_text(*dropped, reason.key()) + " " + std::string(reason.key()));
  }
}

void add_errors(FactList& facts, const json::value& stats) {
  const auto* errors = member(stats, "errors");
  if (errors == nullptr || !errors->is_object()) return;
  for (const auto& error : errors->get_object())
    facts.add("errors", count_text(*errors, error.key()) + " " + std::string(error.key()));
}

}  // namespace

std::string drain_table(const json::array& drains) {
  Table table({"ID", "STATUS", "DELIVERED", "FILTERED", "DROPPED", "PENDING", "OLDEST", "LATENCY", "URL", "TOKEN"});
  for (const auto& drain : drains) {
    const json::value& stats = stats_of(drain);
    table.add({text_at(drain, "id"), text_at(drain, "status"), short_count(count_at(stats, "delivered").value_or(0)),
               short_count(count_at(stats, "filtered").value_or(0)), short_count(dropped_in_all(stats)),
               short_count(count_at(stats, "pending_lines").value_or(0)), age_text(stats), latency_text(stats),
               text_at(drain, "url"), text_at(drain, "token")});
  }
  return table.str();
}

std::string drain_facts(const json::value& drain) {
  const json::value& stats = stats_of(drain);
  FactList facts;
  for (const char* name : {"id", "token", "url", "format", "durable", "filter", "status"}) {
    facts.add(name, text_at(drain, name));
  }
  for (const char* name : {"offered", "filtered", "delivered"}) facts.add(name, count_text(stats, name));
  add_dropped(facts, stats);
  facts.add("pending", pending_text(stats));
  facts.add("in flight", count_text(stats, "in_flight_lines"));
  facts.add("latency", latency_text(stats));
  facts.add("last success", any_text(stats, "last_success"));
  facts.add("last error", any_text(stats, "last_error"));
  add_errors(facts, stats);
  facts.add("since", any_text(stats, "since"));
  facts.add("node", text_at(stats, "node"));
  return facts.str();
}

bool drain_test_passed(const json::value& outcome) {
  if (const auto* ok = member(outcome, "delivered"); ok != nullptr && ok->is_bool()) return ok->get_bool();
  if (!any_text(outcome, "error").empty() || !any_text(outcome, "error_class").empty()) return false;
  const auto status = number_at(outcome, "status");
  return !status || (*status >= 200 && *status < 300);
}

std::string drain_test_facts(const json::value& outcome) {
  FactList facts;
  facts.add("result", drain_test_passed(outcome) ? "delivered" : "not delivered");
  facts.add("status", any_text(outcome, "status"));
  facts.add("latency", latency_text(outcome));
  facts.add("error class", any_text(outcome, "error_class"));
  facts.add("error", any_text(outcome, "error"));
  const auto* tls = member(outcome, "tls");
  if (tls == nullptr || !tls->is_object()) return facts.str();
  for (const auto& fact : tls->get_object()) facts.add("tls " + std::string(fact.key()), any_text(*tls, fact.key()));
  return facts.str();
}

}  // namespace sluice::cli
