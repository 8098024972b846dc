#include "tests/unit/logplex/api/api_node.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace sluice::api {

std::string Seen::header(std::string_view name) const {
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const auto colon = line.find(':');
    if (colon != std::string::npos && equal_ignoring_case(line.substr(0, colon), name)) return line.substr(colon + 2);
    at = head.find("\r\n", at + 2);
  }
  return {};
}

FabricSettings ApiNode::default_fabric() {
  FabricSettings settings;
  settings.memory_budget = 64_MiB;
  settings.history_lines = 1500;
  settings.disk_budget = "auto";
  return settings;
}

ApiSettings ApiNode::default_settings() {
  ApiSettings settings;
  settings.listen = "127.0.0.1:0";
  settings.key = Secret(kKey);
  settings.header_max = 16_KiB;
  settings.body_max = 1_MiB;
  settings.request_timeout = std::chrono::seconds(30);
  settings.idle_timeout = std::chrono::seconds(60);
  settings.session_ttl = std::chrono::seconds(360);
  settings.heartbeat = std::chrono::seconds(15);
  settings.stream_stall_timeout = std::chrono::minutes(10);
  return settings;
}

ApiNode::ApiNode(FabricSettings fabric, ApiSettings settings, ConfigLimits limits, MakeReader reader)
    : settings_(std::move(settings)) {
  std::string pattern = (std::filesystem::temp_directory_path() / "sluice-api-XXXXXX").string();
  directory_ = mkdtemp(pattern.data());
  StoreSettings store;
  store.url = Secret("embedded:");
  store.write_timeout = std::chrono::seconds(10);
  store_ = open_store(store, directory_, limits, shards.clock).value();
  store_->start(shards.runtime);
  fabric_ = std::make_unique<Fabric>(shards.runtime, fabric, std::chrono::seconds(1), LogIdentity{0xabcdef, 7},
                                     FabricSeams{placements_.make(), std::make_unique<NoLog>(), std::move(reader)});
  for (std::uint32_t id = 0; id < kShards; ++id) {
    openers_.push_back(std::make_unique<TestChannels>(fabric_->shard(id)));
    store_->feed(shards.runtime.shard(id)).add(*openers_.back());
  }
  auto guard = AddressGuard::parse({"127.0.0.0/8"});
  api_ = std::make_unique<Api>(shards.runtime, ApiNeeds{*store_, *fabric_, drains, status}, settings_, guard.value());
  std::vector<ConnectionHandler*> handlers;
  for (std::uint32_t id = 0; id < kShards; ++id) {
    servers_.push_back(std::make_unique<HttpServer>(shards.runtime.shard(id), api_->server_options(), api_->shard(id)));
    handlers.push_back(servers_.back().get());
  }
  EXPECT_TRUE(table_.open("api.listen", "127.0.0.1:0", 1000).has_value());
  table_.handle("api.listen", handlers);
  table_.start();
  shards.start();
  for (std::uint32_t id = 0; id < kShards; ++id) shards.on(id, [this, id] { fabric_->shard(id).start(); });
}

ApiNode::~ApiNode() {
  shards.await(0, table_.stop_accepting());
  for (std::uint32_t id = 0; id < kShards; ++id) {
    shards.on(id, [this, id] { servers_[id]->stop_accepting(); });
    shards.on(id, [this, id] { servers_[id]->cancel(); });
    shards.await(id, servers_[id]->stopped());
    shards.on(id, [this, id] { api_->shard(id).cancel(); });
    shards.await(id, api_->shard(id).stopped());
  }
  shards.stop();
  servers_.clear();
  api_.reset();
  fabric_.reset();
  store_.reset();
  std::filesystem::remove_all(directory_);
}

Seen ApiNode::call(std::string method, std::string path, std::string body, std::vector<std::string> headers,
                   std::string key) {
  std::string request = method + " " + path + " HTTP/1.1\r\nHost: api.test:8001\r\nConnection: close\r\n";
  if (!key.empty()) request += "Authorization: " + key + "\r\n";
  bool typed = false;
  for (const auto& header : headers) {
    request += header + "\r\n";
    typed = typed || header.starts_with("Content-Type:");
  }
  if (!body.empty() && !typed) request += "Content-Type: application/json\r\n";
  if (!body.empty() || method != "GET") request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  RawClient client(port());
  client.send(request + "\r\n" + body);
  const auto response = client.read_response();
  Seen seen;
  const auto end = response.find("\r\n\r\n");
  if (end == std::string::npos) return seen;
  seen.head = response.substr(0, end + 2);
  seen.body = response.substr(end + 4);
  seen.status = std::stoi(response.substr(9, 3));
  return seen;
}

void ApiNode::move(const std::string& channel, Owner to) {
  for (std::uint32_t id = 0; id < kShards; ++id) {
    shards.on(id, [&, id] {
      const ConfigSnapshot& config = store_->feed(shards.runtime.shard(id)).current();
      placements_.of(id).move(config.channel(channel)->partition, to);
      ChangedKeys all;
      all.everything = true;
      openers_[id]->on_config(config, all);
    });
  }
}

void ApiNode::make_channel(const std::string& id) {
  const auto status = call("PUT", "/v3/channels/" + id, R"({"tokens":["app"]})").status;
  EXPECT_TRUE(status == 201 || status == 200) << status;
}

void ApiNode::append(const std::string& channel, std::uint64_t first, std::uint64_t count, std::string process,
                     std::string source, std::size_t padding) {
  const auto find = [&] { return store_->feed(shards.runtime.shard(0)).current().channel(channel)->slot; };
  const auto slot = shards.on(0, find);
  const std::uint32_t from = static_cast<std::uint32_t>(first % kShards);
  constexpr std::uint64_t kTogether = 100;
  for (std::uint64_t begin = first; begin < first + count; begin += kTogether) {
    shards.on(from, [&] {
      for (auto n = begin; n < std::min(begin + kTogether, first + count); ++n) {
        const auto text = "n" + std::to_string(n) + (padding > 0 ? " " + std::string(padding, 'x') : "");
        LineView line;
        line.pri = 190;
        line.received = Shard::current().wall_now();
        line.time = "2026-01-02T03:04:05.000000+00:00";
        line.source = source;
        line.process = process;
        line.text = text;
        fabric_->shard(from).append(slot, line);
      }
    });
    EXPECT_TRUE(shards.await(from, fabric_->shard(from).settled()).has_value());
  }
}

RawClient ApiNode::get(const std::string& path, std::vector<std::string> headers) {
  std::string request = "GET " + path + " HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer " + kKey + "\r\n";
  for (const auto& header : headers) request += header + "\r\n";
  RawClient client(port());
  client.send(request + "\r\n");
  return client;
}

std::string ApiNode::metrics() {
  MetricsPage page;
  for (std::uint32_t id = 0; id < kShards; ++id) shards.on(id, [&] { api_->shard(id).add_metrics(page); });
  return page.text();
}

std::size_t ApiNode::open_sources() {
  std::size_t sum = 0;
  for (std::uint32_t id = 0; id < kShards; ++id)
    sum += shards.on(id, [&] { return api_->shard(id).tails().sources(); });
  return sum;
}

const std::string& StreamReader::head() {
  if (head_.empty()) head_ = client_.read_until("\r\n\r\n");
  return head_;
}

std::string StreamReader::next() {
  head();
  if (ended_) return {};
  const auto size_line = client_.read_until("\r\n");
  const auto size = size_line.empty() ? 0 : std::stoul(size_line, nullptr, 16);
  if (size == 0) {
    ended_ = true;
    return {};
  }
  auto piece = client_.read_bytes(size);
  client_.read_bytes(2);
  body_ += piece;
  return piece;
}

const std::string& StreamReader::until(std::string_view text) {
  std::size_t from = 0;
  while (body_.find(text, from) == std::string::npos) {
    from = body_.size() - std::min(body_.size(), text.size());
    if (next().empty()) break;
  }
  return body_;
}

const std::string& StreamReader::all() {
  while (!next().empty()) continue;
  return body_;
}

}  // namespace sluice::api
