#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "logplex/base/settings.hpp"
#include "logplex/ingress/intake.hpp"
#include "logplex/net/http_server.hpp"

namespace sluice {

/// `POST /logs` (application/logplex-1: octet-counted frames, whole requests or nothing) and `GET /healthcheck`, as
/// Logplex and its client log-shuttle have them.
///
/// Answers, in the order in which they are decided: 405; 401, or 403 for a credential without any_channel; 415; 413;
/// 400 for bad gzip, for an item that is not a whole octet-counted frame and for a wrong Logplex-Msg-Count; 204 once
/// every line is with its channel's owner, so that a read after the answer sees it. log-shuttle gives lines up on any
/// other status, so a node that is short of memory answers late (at most ingress.max_delay), never 503.
///
/// A large body, or a small one that unpacks to a large one, is worked off over many turns, so that the shard's other
/// connections do not wait for it. One per shard, on that shard; intake outlives it.
class LogPost final : public HttpHandler {
 public:
  LogPost(const IngressSettings& settings, Intake& intake) : settings_(settings), intake_(intake) {}

  Task<void> handle(HttpExchange& exchange) override;
  void add_metrics(MetricsPage& page) const;

 private:
  /// Whose lines the request may bring: those of one token, or any whose token is in its app-name field.
  struct Sender {
    std::optional<Uuid> token;  // none = addressed by each line
  };
  struct Refusal {
    int status;
    std::string text;
  };

  Task<void> take_logs(HttpExchange& exchange);
  Task<boost::system::result<std::string, Refusal>> read_frames(HttpExchange& exchange);
  boost::system::result<Sender, Refusal> authenticate(const HttpRequest& request) const;
  std::optional<Refusal> check_content_type(const HttpRequest& request) const;
  Task<boost::system::result<std::string, Refusal>> unpacked(std::string body);
  Task<std::optional<Refusal>> check_frames(const HttpRequest& request, std::string_view body);
  Task<Duration> append_all(std::optional<TokenEntry> token, std::string_view body);
  Task<void> refuse(HttpExchange& exchange, Refusal refusal);
  Task<void> answer(HttpExchange& exchange, HttpResponse response);

  const IngressSettings settings_;
  Intake& intake_;
  std::map<int, std::uint64_t> answers_;  // by status
};

}  // namespace sluice
