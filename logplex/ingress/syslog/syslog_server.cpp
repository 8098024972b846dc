#include "logplex/ingress/syslog/syslog_server.hpp"

#include "logplex/base/metrics.hpp"
#include "logplex/ingress/syslog/syslog_connection.hpp"

namespace sluice::ingress {
namespace {

/// The splitter guarantees that a kept frame takes at most frame_max and its length.
std::size_t buffer_size(const IngressSettings& settings) {
  return settings.frame_max.count + 64 + SyslogServer::kReadSize;
}

}  // namespace

SyslogServer::SyslogServer(Shard& shard, const IngressSettings& settings, Intake& intake, UnprovenList* unproven)
    : OnShard(shard),
      settings_(settings),
      intake_(intake),
      unproven_(unproven),
      all_closed_(shard),
      buffer_(new char[buffer_size(settings)]) {}

SyslogServer::~SyslogServer() { shard().forget(*this); }

void SyslogServer::on_accepted(int fd, const Peer& peer, ConnectionTicket ticket) {
  UniqueFd owned(fd);
  if (stopping_) return;
  ++counters_.connections;
  auto connection =
      std::make_unique<SyslogConnection>(*this, std::move(owned), peer, std::move(ticket), connections_.size());
  if (!connection->start()) return;
  connections_.push_back(std::move(connection));
  connections_.back()->ask_for_proof();
}

bool SyslogServer::may_read() {
  if (const std::uint64_t now = shard().counters().turns; turn_ != now) {
    turn_ = now;
    work_ = 0;
  }
  return work_ < kTurnWork;
}

void SyslogServer::read_later(ReadsOn& connection) {
  if (!connection.is_linked()) backlog_.push_back(connection);
  shard().at_turn_end(*this);
}

void SyslogServer::on_turn_end() {
  Backlog waiting;
  waiting.splice(waiting.end(), backlog_);
  for (work_ = 0; !waiting.empty() && work_ < kTurnWork;) {
    ReadsOn& next = waiting.front();
    waiting.pop_front();
    next.read_on();
  }
  // Connections that had no turn come before those that were read and have more.
  backlog_.splice(backlog_.begin(), waiting);
  if (!backlog_.empty()) shard().at_turn_end(*this);
}

void SyslogServer::remove(SyslogConnection& connection) {
  connection.unlink();
  const std::size_t index = connection.index();
  std::swap(connections_[index], connections_.back());
  connections_[index]->set_index(index);
  shard().retire(std::move(connections_.back()));
  connections_.pop_back();
  if (connections_.empty()) all_closed_.set();
}

/// The connections are read in ordinary turns, so that a sender who goes on sending makes no turn long.
void SyslogServer::stop_accepting() {
  stopping_ = true;
  for (std::size_t i = connections_.size(); i > 0; --i) connections_[i - 1]->stop();
}

Task<void> SyslogServer::finished() {
  while (!connections_.empty()) co_await all_closed_.wait();
}

void SyslogServer::cancel() {
  stopping_ = true;
  while (!connections_.empty()) connections_.back()->close();
}

void SyslogServer::add_metrics(MetricsPage& page) const {
  const auto count = [&page](std::string_view name, std::string_view help, std::uint64_t value) {
    page.counter(name, help, static_cast<double>(value));
  };
  page.gauge("sluice_ingress_syslog_connections", "Open TCP syslog connections.",
             static_cast<double>(connections_.size()));
  count("sluice_ingress_syslog_connections_total", "TCP syslog connections accepted.", counters_.connections);
  count("sluice_ingress_syslog_idle_closed_total", "TCP syslog connections closed because a message took too long.",
        counters_.idle_closed);
  count("sluice_ingress_syslog_cut_short_total", "TCP syslog connections that the sender closed within a frame.",
        counters_.cut_short);
  count("sluice_ingress_syslog_paused_total", "Times that reading paused because memory was short.", counters_.paused);
}

}  // namespace sluice::ingress
