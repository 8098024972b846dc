#include <boost/json/array.hpp>

#include "logplex/api/handlers.hpp"
#include "logplex/api/node_status.hpp"
#include "logplex/api/openapi.hpp"

namespace sluice {
namespace json = boost::json;
namespace {

constexpr std::size_t kMostUnhealthy = 50;

json::value url_of(const std::string& host_and_port) {
  return host_and_port.empty() ? json::value() : json::value("http://" + host_and_port);
}

json::object node_json(const NodeReport& node) {
  json::object out{{"node", node.node}, {"version", node.version}, {"revision", node.revision}};
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
    quarantined.push_back(json::object{{"kind", entry.kind}, {"key", entry.key}, {"reason", entry.reason}});
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

/// Drains that are not well.
json::array unhealthy_json(const ApiCall& call, const std::vector<UnhealthyDrain>& unhealthy) {
  json::array out;
  for (const auto& [id, report] : unhealthy) {
    const auto* entry = call.parts.config().drain(id);
    if (entry == nullptr) continue;
    const auto& channel = entry->drain.channel;
    auto drain = drain_json(entry->drain, report, call.who);
    drain["channel"] = channel.empty() ? json::value() : json::value(channel);
    out.push_back(std::move(drain));
  }
  return out;
}

DrainControl::MaySee seen_by(const Principal& who) {
  return [who](const std::string& channel) {
    if (!who.may(Scope::kDrainsRead)) return false;
    return channel.empty() ? who.all_channels() : who.may_use(channel);
  };
}

}  // namespace

Task<ApiAnswer> healthcheck(ApiCall&) { co_return text_answer(200, "OK"); }

Task<ApiAnswer> show_status(ApiCall& call) {
  const auto node = co_await call.parts.node.report();
  auto may_see = seen_by(call.who);
  const auto unhealthy = co_await call.parts.drains.unhealthy(kMostUnhealthy, std::move(may_see));
  json::array nodes;
  nodes.push_back(node_json(node));
  json::object out{{"revision", node.revision}, {"nodes", std::move(nodes)}};
  out["ingress_http"] = url_of(node.ingress_http);
  out["ingress_syslog"] = node.ingress_syslog.empty() ? json::value() : json::value(node.ingress_syslog);
  out["store"] = store_json(call.parts.store.status());
  out["drains_unhealthy"] = unhealthy_json(call, unhealthy);
  co_return json_answer(200, out);
}

Task<ApiAnswer> show_openapi(ApiCall& call) { co_return json_answer(200, openapi_document(call.parts.routes)); }

}  // namespace sluice
