#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "logplex/base/settings.hpp"
#include "logplex/ingress/intake.hpp"
#include "logplex/ingress/turn_share.hpp"
#include "logplex/net/http/http_server.hpp"

namespace sluice {
class Store;
class GzipReader;
}  // namespace sluice

namespace sluice::ingress {

class LineWays;

/// `POST /logs` (application/logplex-1: octet-counted frames, whole requests or nothing) and `GET /healthcheck`, as
/// Logplex and its client log-shuttle have them.
///
/// Answers, in the order in which they are decided: 405; 401, 403, 400 or 404 for the sender (Intake::authenticate());
/// 204 without taking anything when this node, or one with the same store, has had all lines before (Sluice-Origin,
/// Sluice-Passed; LineWays leaves out single lines later); 415; 413; 400 for bad gzip, for an item that is not a whole
/// octet-counted frame and for a wrong Logplex-Msg-Count; 503 when incomplete bodies hold more than their part of
/// memory and this one holds most; 204 once every line is with its channel's owner, so that a read after the answer
/// sees it. log-shuttle drops its lines on any other status, so a node whose channels are short of memory answers late
/// (at most ingress.max_delay), never 503.
///
/// A body is read frame by frame into a PendingBatch, which is appended when the body is complete. A large body, or a
/// small one that unpacks to a large one, is processed over many turns, so that the shard's other connections do not
/// wait for it. One per shard, on that shard; intake outlives it.
class LogPost final : public HttpHandler {
 public:
  LogPost(const IngressSettings& settings, Intake& intake) : settings_(settings), intake_(intake) {}

  Task<void> handle(HttpExchange& exchange) override;
  void not_proven(NotProven why, const std::string& peer) override;
  void add_metrics(MetricsPage& page) const;

 private:
  /// One request while its body arrives.
  struct Reading;

  Task<void> take_logs(HttpExchange& exchange);
  Task<std::optional<Refused>> take_body(HttpExchange& exchange, const Writer& writer, bool packed, LineWays ways);
  std::optional<LineWays> ways_of(const HttpRequest& request, const Writer& writer) const;
  Task<std::optional<Refused>> read_all(HttpExchange& exchange, Reading& reading);
  Task<void> take_piece(Reading& reading, std::string_view piece);
  Task<void> take_text(Reading& reading, std::string_view text);
  Task<void> refuse(HttpExchange& exchange, Refused refusal);
  Task<void> answer(HttpExchange& exchange, HttpResponse response);

  const IngressSettings settings_;
  Intake& intake_;
  std::map<int, std::uint64_t> answers_;  // by status
};

}  // namespace sluice::ingress
