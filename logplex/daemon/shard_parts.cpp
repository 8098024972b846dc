#include "logplex/daemon/shard_parts.hpp"

#include "logplex/daemon/node.hpp"

namespace sluice {
namespace {

HttpServerOptions admin_options() {
  HttpServerOptions options;
  options.name = "admin.listen";
  return options;
}

}  // namespace

ShardParts::ShardParts(Node& node, Shard& shard)
    : shard_(shard),
      fabric_(node.fabric().shard(shard.id())),
      feed_(node.store().feed(shard)),
      opener_(fabric_),
      admin_handler_(node.runtime(), node.admin_source()),
      admin_server_(shard, admin_options(), admin_handler_) {
  fabric_.start();
  feed_.add(opener_);
}

ShardParts::~ShardParts() { feed_.remove(opener_); }

ConnectionHandler* ShardParts::handler_of(std::string_view setting) {
  if (setting == "admin.listen") return &admin_server_;
  return nullptr;
}

void ShardParts::add_metrics(MetricsPage& page) const {
  shard_.add_metrics(page);
  fabric_.add_metrics(page);
  admin_server_.add_metrics(page);
}

void ShardParts::stop_accepting() {}

Task<void> ShardParts::finished() { co_return; }

void ShardParts::cancel() { admin_server_.cancel(); }

Task<void> ShardParts::stopped() { co_await admin_server_.stopped(); }

}  // namespace sluice
