#include "logplex/store/redis/redis_master.hpp"

#include <algorithm>

#include "logplex/base/log.hpp"

namespace sluice {
namespace {

constexpr Duration kPatience = std::chrono::seconds(1);
/// After so long without a message the connection is closed, and a sentinel is contacted again.
constexpr Duration kSilence = std::chrono::seconds(30);
constexpr Duration kPause = std::chrono::milliseconds(500);

}  // namespace

RedisMaster::RedisMaster(Gate& gate, Dialer& dialer, RedisTarget target, std::function<void()> on_switch)
    : gate_(gate), dialer_(dialer), target_(std::move(target)), on_switch_(std::move(on_switch)) {}

void RedisMaster::close() {
  if (questions_) questions_->close();
  if (news_) news_->close();
}

Task<void> RedisMaster::watch() {
  if (!target_.url.sentinels()) co_return;
  for (;;) {
    co_await listen();
    if (gate_.stopping()) co_return;
    co_await sleep_for(kPause);
  }
}

/// Listens to one sentinel until its connection ends.
Task<void> RedisMaster::listen() {
  auto link = co_await link_sentinel(gate_, dialer_, target_, kPatience);
  if (link.has_error()) co_return;
  const auto connection = std::move(link->connection);
  news_ = connection;
  const std::vector<std::string_view> subscribe{"SUBSCRIBE", "+switch-master"};
  const auto subscribed = co_await connection->call(subscribe, kPatience);
  if (subscribed.has_error() || subscribed->is_error()) co_return;
  for (;;) {
    const auto heard = co_await connection->next(kSilence);
    if (heard.has_error()) co_return;
    // "shop 10.0.0.1 6379 10.0.0.2 6379": name of the master, old address, new address.
    const auto& message = heard->text_at(2);
    if (!message.starts_with(target_.url.master + " ")) continue;
    log_info("Sentinel names another master", {{"message", message}});
    on_switch_();
  }
}

Task<std::shared_ptr<RedisConnection>> RedisMaster::question_link(Duration within) {
  if (questions_ && questions_->is_open()) co_return questions_;
  auto link = co_await link_sentinel(gate_, dialer_, target_, within);
  if (link.has_error() || gate_.stopping()) co_return std::shared_ptr<RedisConnection>();
  questions_ = std::move(link->connection);
  co_return questions_;
}

Task<bool> RedisMaster::is_master(std::string where, Duration within) {
  if (!target_.url.sentinels()) co_return true;
  const auto patience = std::min(within, kPatience);
  const auto connection = co_await question_link(patience);
  if (!connection) co_return true;
  const std::vector<std::string_view> question{"SENTINEL", "get-master-addr-by-name", target_.url.master};
  const auto reply = co_await connection->call(question, patience);
  if (reply.has_error() || reply->is_error()) co_return true;
  const auto master = master_in(*reply);
  co_return !master || text_of(*master) == where;
}

}  // namespace sluice
