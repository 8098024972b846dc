#include <boost/json/array.hpp>

#include "logplex/api/calls/handlers.hpp"
#include "logplex/api/calls/node_status.hpp"
#include "logplex/api/frame/openapi.hpp"
#include "logplex/base/bytes/utf8.hpp"

namespace sluice::api {
namespace json = boost::json;
namespace {

constexpr std::size_t kMostUnhealthy = 50;
/// Most drains of its own that a key limited to channels sees.
constexpr std::size_t kMostOwn = 200;
constexpr std::size_t kLongestName = 100;

json::value url_of(const std::string& host_and_port) {
  return host_and_port.empty() ? json::value() : json::value("http://" + host_and_port);
}

json::object node_json(const NodeReport& node) {
  json::object out{{"node", node.node}, {"name", node.node}, {"version", node.version}, {"revision", node.revision}};
  out["uptime_s"] = std::chrono::duration_cast<std::chrono::seconds>(node.uptime).count();
  out["shards"] = node.shards;
  out["rates"] = json::object{{"requests_per_s", node.requests_per_s},
                              {"lines_in_per_s", node.lines_in_per_s},
                              {"lines_out_per_s", node.lines_out_per_s}};
  out["buffered_bytes"] = node.buffered_bytes;
  out["memory_budget_bytes"] = node.memory_budget_bytes;
  out["store"] = node.store + (node.store_reachable ? "" : " (unreachable)");
  return out;
}

json::array sharing_json(const std::vector<NodeSeen>& nodes) {
  json::array out;
  for (const auto& node : nodes)
    out.push_back(json::object{{"node", node.node},
                               {"revision", node.revision},
                               {"up_to_date", node.up_to_date},
                               {"state", node.state},
                               {"seen_ms_ago", node.ago.count()}});
  return out;
}

json::object store_json(const StoreStatus& store) {
  json::array quarantined;
  for (const auto& entry : store.quarantined)
    quarantined.push_back(json::object{{"kind", entry.kind},
                                       {"key", shown_text(entry.key, kLongestName)},
                                       {"reason", shown_text(entry.reason, 2 * kLongestName)}});
  json::object out{{"kind", store.kind}, {"reachable", store.reachable}, {"revision", store.revision}};
  out["state"] = store.state;
  out["up_to_date"] = store.up_to_date;
  out["known_revision"] = store.known_revision;
  out["trouble"] = store.trouble.empty() ? json::value() : json::value(store.trouble);
  out["entries"] = store.entries;
  out["nodes"] = sharing_json(store.nodes);
  out["quarantined"] = std::move(quarantined);
  out["quarantined_count"] = store.quarantined_count;
  out["warnings"] = json::array(store.warnings.begin(), store.warnings.end());
  return out;
}

json::object drain_with_channel(const ApiCall& call, const Drain& drain, const DrainReport& report) {
  auto out = drain_json(drain, report, call.who);
  out["channel"] = drain.channel.empty() ? json::value() : json::value(drain.channel);
  return out;
}

/// For a caller who may see all channels.
json::array unhealthy_json(const ApiCall& call, const std::vector<UnhealthyDrain>& unhealthy) {
  json::array out;
  if (!call.who.may(Scope::kDrainsRead)) return out;
  for (const auto& [id, report] : unhealthy)
    if (const auto* entry = call.parts.config().drain(id))
      out.push_back(drain_with_channel(call, entry->drain, report));
  return out;
}

std::vector<Drain> own_drains(const ApiCall& call) {
  std::vector<Drain> out;
  if (!call.who.may(Scope::kDrainsRead)) return out;
  const auto& config = call.parts.config();
  for (const auto& own : *call.who.channels) {
    const auto* channel = call.who.may_use(config, own.id) ? config.channel(own.id) : nullptr;
    for (std::size_t i = 0; channel != nullptr && i < channel->drains.size(); ++i) {
      if (out.size() == kMostOwn) return out;
      out.push_back(channel->drains[i]->drain);
    }
  }
  return out;
}

/// For a caller who may see all channels.
DrainControl::MaySee seen_by(const Principal& who) {
  return [sees = who.may(Scope::kDrainsRead)](const std::string&) { return sees; };
}

/// Names the nodes without their directories, which concern only the operator.
json::array node_names(const NodeReport& self, const std::vector<NodeSeen>& nodes) {
  json::array out;
  out.push_back(json::object{{"name", self.node}, {"ready", true}});
  for (std::size_t i = 1; i < nodes.size(); ++i)
    out.push_back(
        json::object{{"name", nodes[i].node.substr(0, nodes[i].node.find(":/"))}, {"ready", nodes[i].up_to_date}});
  return out;
}

/// The answer for a key that is limited to channels.
Task<ApiAnswer> limited_status(ApiCall& call) {
  const auto node = co_await call.parts.node.report();
  const auto drains = own_drains(call);
  json::array items;
  for (const auto& drain : drains) {
    const auto report = co_await call.parts.drains.report(drain.id);
    items.push_back(drain_with_channel(call, drain, report));
  }
  json::object out{{"limited", true}, {"nodes", node_names(node, call.parts.store.status().nodes)}};
  out["drains"] = std::move(items);
  // Callers that may write logs or apps need the address.
  if (call.who.may(Scope::kLogsWrite) || call.who.may(Scope::kAppsWrite))
    out["ingress_http"] = url_of(node.ingress_http);
  co_return json_answer(200, out);
}

Task<ApiAnswer> full_status(ApiCall& call) {
  const auto node = co_await call.parts.node.report();
  auto may_see = seen_by(call.who);
  const auto unhealthy = co_await call.parts.drains.unhealthy(kMostUnhealthy, std::move(may_see));
  call.mention();
  json::array nodes;
  nodes.push_back(node_json(node));
  json::object out{{"revision", node.revision}, {"nodes", std::move(nodes)}};
  out["ingress_http"] = url_of(node.ingress_http);
  out["ingress_syslog"] = node.ingress_syslog.empty() ? json::value() : json::value(node.ingress_syslog);
  out["store"] = store_json(call.parts.store.status());
  out["drains_unhealthy"] = unhealthy_json(call, unhealthy);
  out["drains_shown"] = call.who.may(Scope::kDrainsRead);
  co_return json_answer(200, out);
}

}  // namespace

Task<ApiAnswer> healthcheck(ApiCall&) { co_return text_answer(200, "OK"); }

Task<ApiAnswer> show_status(ApiCall& call) {
  return call.who.all_channels() ? full_status(call) : limited_status(call);
}

/// The document is built once: that takes a millisecond and more, and anybody may request it.
Task<ApiAnswer> show_openapi(ApiCall& call) {
  static const ApiAnswer kDocument = json_answer(200, openapi_document(call.parts.routes));
  co_return kDocument;
}

}  // namespace sluice::api
