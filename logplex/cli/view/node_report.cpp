#include "logplex/cli/view/node_report.hpp"

#include <algorithm>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "logplex/cli/view/json_text.hpp"
#include "logplex/cli/view/table.hpp"
#include "logplex/cli/view/times.hpp"

namespace sluice::cli {
namespace {

namespace json = boost::json;

const json::array& array_at(const json::value& value, std::string_view name) {
  static const json::array kNone;
  const auto* found = member(value, name);
  const auto* array = found == nullptr ? nullptr : found->if_array();
  return array == nullptr ? kNone : *array;
}

std::string uptime_text(const json::value& node) {
  const auto seconds = number_at(node, "uptime_s");
  return seconds ? format_age(std::chrono::milliseconds(static_cast<long long>(*seconds * 1000))) : std::string();
}

/// A node whose revision is older than the store's still uses an old configuration.
std::string revision_text(const json::value& node, const json::value& status) {
  const auto* store = member(status, "store");
  const auto newest = store == nullptr ? std::nullopt : count_at(*store, "revision");
  const auto revision = count_at(node, "revision");
  return text_at(node, "revision") + (revision && newest && *revision < *newest ? " (behind)" : "");
}

std::string memory_text(const json::value& node) {
  const auto used = count_at(node, "buffered_bytes");
  const auto budget = count_at(node, "memory_budget_bytes");
  if (!used) return {};
  return short_bytes(*used) + (budget ? " of " + short_bytes(*budget) : "");
}

std::string store_text(const json::value& status) {
  const auto* store = member(status, "store");
  if (store == nullptr || !store->is_object()) return store == nullptr ? std::string() : value_text(*store);
  const auto* reachable = member(*store, "reachable");
  const bool away = reachable != nullptr && reachable->is_bool() && !reachable->get_bool();
  const std::string state = text_at(*store, "state");
  std::string text = text_at(*store, "kind");
  if (!state.empty())
    text += ", " + state;
  else if (away)
    text += ", not reachable: changes wait";
  const std::string trouble = text_at(*store, "trouble");
  if (!trouble.empty()) text += " (" + trouble + ")";
  const auto quarantined = count_at(*store, "quarantined_count").value_or(0);
  if (quarantined > 0)
    text += "; " + grouped(quarantined) + (quarantined == 1 ? " bad entry" : " bad entries") + " set aside";
  return text;
}

/// The entries that were set aside, with the reasons.
std::string quarantined_text(const json::value& status) {
  const auto* store = member(status, "store");
  if (store == nullptr || array_at(*store, "quarantined").empty()) return {};
  Table table({"SET ASIDE", "NAME", "REASON"});
  for (const auto& entry : array_at(*store, "quarantined"))
    table.add({text_at(entry, "kind"), text_at(entry, "key"), text_at(entry, "reason")});
  return "\n" + table.str();
}

/// Warnings: what an operator should change about the store.
std::string warnings_text(const json::value& status) {
  const auto* store = member(status, "store");
  std::string out;
  if (store == nullptr) return out;
  for (const auto& warning : array_at(*store, "warnings")) out += "\nwarning: " + value_text(warning) + "\n";
  return out;
}

/// The nodes that share the store, if there is more than one, with the state of each.
std::string sharing_text(const json::value& status) {
  const auto* store = member(status, "store");
  if (store == nullptr || array_at(*store, "nodes").size() < 2) return {};
  Table table({"SHARING THE STORE", "REVISION", "STATE"});
  for (const auto& node : array_at(*store, "nodes"))
    table.add({text_at(node, "node"), text_at(node, "revision"), text_at(node, "state")});
  return "\n" + table.str();
}

std::string rate_text(double rate) {
  return rate < 1000 ? fmt::format("{:.{}f}", rate, rate < 10 && rate > 0 ? 1 : 0)
                     : short_count(static_cast<std::uint64_t>(rate));
}

std::string rate_name(std::string name) {
  for (const std::string_view end : {"_per_second", "_per_s"}) {
    if (name.ends_with(end)) name.resize(name.size() - end.size());
  }
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

/// The names of all rates that any node reports, in order of appearance.
std::vector<std::string> rate_names(const json::array& nodes) {
  std::vector<std::string> names;
  for (const auto& node : nodes) {
    const auto* rates = member(node, "rates");
    if (rates == nullptr || !rates->is_object()) continue;
    for (const auto& rate : rates->get_object()) {
      const std::string name = rate.key();
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

std::string drain_table(const json::array& drains) {
  Table table({"DRAIN", "APP", "STATUS", "PENDING", "LAST ERROR", "URL"});
  for (const auto& drain : drains) {
    const auto* stats = member(drain, "stats");
    const json::value& figures = stats == nullptr ? drain : *stats;
    table.add({text_at(drain, "id"), text_at(drain, "channel"), text_at(drain, "status"),
               text_at(figures, "pending_lines"), text_at(figures, "last_error"), text_at(drain, "url")});
  }
  return table.str();
}

/// The report for a key that is limited to channels.
std::string limited_text(const json::value& status) {
  Table table({"NODE", "READY"});
  for (const auto& node : array_at(status, "nodes"))
    table.add({text_at(node, "name"), text_at(node, "ready") == "true" ? "yes" : "no"});
  const json::array& drains = array_at(status, "drains");
  const std::string own = drains.empty() ? std::string("drains: not shown with this key, or its channels have none\n")
                                         : "drains of this key's channels\n" + drain_table(drains);
  return table.str() + "\n" + own;
}

std::string drains_text(const json::value& status) {
  if (text_at(status, "drains_shown") == "false") return "\ndrains: not shown with this key\n";
  if (member(status, "drains_unhealthy") == nullptr) return {};
  const json::array& drains = array_at(status, "drains_unhealthy");
  if (drains.empty()) return "\nall drains are healthy\n";
  return "\ndrains that are not healthy\n" + drain_table(drains);
}

}  // namespace

std::string rates_text(const json::value& status) {
  const json::array& nodes = array_at(status, "nodes");
  const auto names = rate_names(nodes);
  if (names.empty()) return "the server reports no rates\n";
  std::vector<std::string> headings{"PER SECOND"};
  for (const auto& node : nodes) headings.push_back(text_at(node, "node"));
  Table table(std::move(headings));
  for (const auto& name : names) {
    std::vector<std::string> row{rate_name(name)};
    for (const auto& node : nodes) {
      const auto* rates = member(node, "rates");
      const auto rate = rates == nullptr ? std::nullopt : number_at(*rates, name);
      row.push_back(rate ? rate_text(*rate) : "-");
    }
    table.add(std::move(row));
  }
  return table.str();
}

std::string status_text(const json::value& status) {
  if (text_at(status, "limited") == "true") return limited_text(status);
  const json::array& nodes = array_at(status, "nodes");
  Table table({"NODE", "VERSION", "UP", "REVISION", "MEMORY"});
  for (const auto& node : nodes) {
    table.add({text_at(node, "node"), text_at(node, "version"), uptime_text(node), revision_text(node, status),
               memory_text(node)});
  }
  std::string out = table.str();
  if (!rate_names(nodes).empty()) out += "\n" + rates_text(status);
  FactList facts;
  facts.add("store", store_text(status));
  facts.add("ingress", ingress_of(status));
  const std::string shown = facts.str();
  return out + (shown.empty() ? "" : "\n" + shown) + sharing_text(status) + warnings_text(status) +
         quarantined_text(status) + drains_text(status);
}

std::string ingress_of(const json::value& status) {
  for (const auto& node : array_at(status, "nodes")) {
    const auto* ingress = member(node, "ingress");
    if (ingress != nullptr) return text_at(*ingress, "http");
  }
  return text_at(status, "ingress_http");
}

}  // namespace sluice::cli
