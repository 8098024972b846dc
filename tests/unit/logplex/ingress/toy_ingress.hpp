#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "logplex/base/metrics.hpp"
#include "logplex/ingress/ingress_part.hpp"
#include "logplex/ingress/intake.hpp"
#include "logplex/ingress/writer.hpp"
#include "logplex/net/listener.hpp"
#include "logplex/net/tcp_stream.hpp"
#include "logplex/net/unproven.hpp"
#include "logplex/runtime/gate.hpp"

namespace sluice::ingress {

/// The second implementation of IngressPart, beside the product's: "TOKEN TEXT\n" for each line.
class ToyPart final : public IngressPart, private ConnectionHandler {
 public:
  explicit ToyPart(const IngressEnvironment& of)
      : shard_(of.shard), intake_(of.intake), unproven_(of.shard, of.unproven), gate_(of.shard, "toy") {}

  ConnectionHandler& handler() override { return *this; }
  void stop_accepting() override { gate_.stop(); }
  Task<void> finished() override { return gate_.stopped(); }
  void cancel() override { gate_.stop(); }
  void add_metrics(MetricsPage& page) const override {
    page.counter("toy_connections_total", "Connections accepted.", static_cast<double>(accepted_));
  }

 private:
  class Connection final : private Unproven {
   public:
    Connection(ToyPart& part, TcpSocket socket, ConnectionTicket ticket)
        : Unproven(part.shard_.wheel()), part_(part), stream_(std::move(socket)), ticket_(std::move(ticket)) {
      part.unproven_.add(*this);
    }

    Task<void> serve() {
      std::string bytes;
      std::string piece(4096, '\0');
      for (;;) {
        const auto got = co_await stream_.read_some(piece);
        if (!got) co_return;
        note_activity();
        bytes.append(piece, 0, *got);
        for (std::size_t end = bytes.find('\n'); end != std::string::npos; end = bytes.find('\n')) {
          if (part_.take(std::string_view(bytes).substr(0, end))) leave_unproven();
          bytes.erase(0, end + 1);
        }
      }
    }

   private:
    void on_not_proven(NotProven) override { stream_.close(); }
    bool has_unread() override { return stream_.has_news(); }

    ToyPart& part_;
    TcpStream stream_;
    ConnectionTicket ticket_;
  };

  void on_accepted(int fd, const Peer&, ConnectionTicket ticket) override {
    TcpSocket socket(shard_.executor(), asio::ip::tcp::v4(), fd);
    if (gate_.stopping()) return;
    ++accepted_;
    gate_.spawn(serve(std::make_unique<Connection>(*this, std::move(socket), std::move(ticket))));
  }
  static Task<void> serve(std::unique_ptr<Connection> connection) { co_await connection->serve(); }

  /// False when it is not addressed to a channel.
  bool take(std::string_view message) {
    const std::size_t space = message.find(' ');
    const auto token = parse_token(message.substr(0, space));
    const TokenEntry* entry = token ? intake_.find(*token) : nullptr;
    if (entry == nullptr) return false;
    LineView line;
    line.source = entry->source();
    line.process = "toy";
    line.text = message.substr(space + 1);
    intake_.append(sender_of(*token), entry->channel, line, message.size());
    return true;
  }

  Shard& shard_;
  Intake& intake_;
  UnprovenList unproven_;
  std::uint64_t accepted_ = 0;
  Gate gate_;
};

inline std::unique_ptr<IngressPart> toy_part(const IngressEnvironment& environment) {
  return std::make_unique<ToyPart>(environment);
}

}  // namespace sluice::ingress
