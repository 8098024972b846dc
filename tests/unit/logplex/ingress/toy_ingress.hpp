#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "logplex/base/metrics.hpp"
#include "logplex/ingress/ingress_part.hpp"
#include "logplex/ingress/intake.hpp"
#include "logplex/ingress/pending_batch.hpp"
#include "logplex/net/listener.hpp"
#include "logplex/net/tcp_stream.hpp"
#include "logplex/net/unproven.hpp"
#include "logplex/runtime/gate.hpp"

namespace sluice::ingress {

/// The second implementation of IngressPart, beside the product's. Lines end with a newline:
///
///     TOKEN TEXT                        appends a line, and answers nothing
///     begin USER SECRET [CHANNEL]       begins a batch; the next lines are texts of it
///     end                               answers "ok", or "no" and why not
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
          const std::string answer = co_await take(bytes.substr(0, end));
          bytes.erase(0, end + 1);
          const auto written = co_await stream_.write_all(answer);
          if (!written) co_return;
        }
      }
    }

   private:
    void on_not_proven(NotProven) override { stream_.close(); }
    bool has_unread() override { return stream_.has_news(); }

    /// Returns what to answer.
    Task<std::string> take(std::string message) {
      if (batch_ && message == "end") {
        const auto refused = co_await batch_->append();
        batch_.reset();
        if (refused) co_return "no " + refused->text + "\n";
        co_return "ok\n";
      }
      if (batch_)
        batch_->add(line_of(message), message.size());
      else if (message.starts_with("begin "))
        co_return begin(std::string_view(message).substr(6));
      else
        append(message);
      co_return std::string();
    }
    std::string begin(std::string_view words) {
      Credentials given;
      given.user = next_word(words);
      given.secret = next_word(words);
      given.channel = words;
      given.channel_example = "begin USER SECRET CHANNEL";
      const auto writer = part_.intake_.authenticate(given);
      if (!writer) return "no " + writer.error().text + "\n";
      leave_unproven();
      batch_.emplace(part_.intake_, *writer, nullptr);
      return {};
    }
    void append(std::string_view message) {
      std::string_view text = message;
      const auto token = parse_token(next_word(text));
      if (part_.intake_.append(token, line_of(text), message)) leave_unproven();
    }
    static std::string_view next_word(std::string_view& words) {
      const std::string_view word = words.substr(0, words.find(' '));
      words.remove_prefix(std::min(word.size() + 1, words.size()));
      return word;
    }
    static LineView line_of(std::string_view text) {
      LineView line;
      line.process = "toy";
      line.text = text;
      return line;
    }

    ToyPart& part_;
    std::optional<PendingBatch> batch_;
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
