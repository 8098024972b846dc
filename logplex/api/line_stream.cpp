#include "logplex/api/line_stream.hpp"

#include <algorithm>

#include "logplex/api/tails.hpp"
#include "logplex/base/partition.hpp"

namespace sluice {
namespace {

std::optional<LineFormat> format_of(const ApiCall& call, bool logplex_frames) {
  const auto* accept = call.http.request().header("Accept");
  const auto* format = call.query().find("format");
  return choose_format(accept == nullptr ? std::string_view() : std::string_view(*accept),
                       format != nullptr && *format == "json", logplex_frames);
}

HttpResponse head_of(const ApiCall& call, LineFormat format, std::uint64_t matched) {
  HttpResponse head;
  head.headers.emplace_back("Content-Type", content_type(format));
  head.headers.emplace_back("Cache-Control", "no-cache");
  head.headers.emplace_back("request-id", call.request_id);
  if (format == LineFormat::kLogplex) head.headers.emplace_back("logplex-msg-count", std::to_string(matched));
  return head;
}

/// How long a silent stream waits: to the next heartbeat, or to its end.
Duration patience(const ApiCall& call, const LineQuery& query, LineFormat format) {
  Duration wait = std::chrono::hours(24);
  if (!heartbeat(format).empty()) wait = call.parts.settings.heartbeat;
  if (query.until) wait = std::min<Duration>(wait, *query.until - call.parts.shard.wall_now());
  return std::max<Duration>(wait, std::chrono::milliseconds(1));
}

bool over(const ApiCall& call, const LineQuery& query) {
  if (call.http.client_gone() || call.http.stopping()) return true;
  return query.until && call.parts.shard.wall_now() >= *query.until;
}

/// Writes what has come. False when the stream is at its end.
Task<bool> write_batches(ApiCall& call, TailReader& reader) {
  while (reader.has_batch()) {
    auto batch = reader.take_batch();
    if (!batch.bytes.empty()) {
      const auto wrote = co_await call.http.write(std::move(batch.bytes));
      if (wrote.has_error()) co_return false;
    }
    if (batch.last) co_return false;
    reader.release();
  }
  co_return true;
}

Task<void> follow(ApiCall& call, TailReader& reader, LineQuery query, LineFormat format) {
  for (;;) {
    const bool more = co_await write_batches(call, reader);
    if (!more || over(call, query)) co_return;
    const bool news = co_await reader.ready().wait_for(patience(call, query, format));
    if (news || heartbeat(format).empty()) continue;
    std::string comment(heartbeat(format));
    const auto wrote = co_await call.http.write(std::move(comment));
    if (wrote.has_error()) co_return;
  }
}

}  // namespace

Task<ApiAnswer> stream_lines(ApiCall& call, LineStream stream) {
  const auto* channel = call.parts.config().channel(stream.channel);
  if (channel == nullptr) co_return error_answer(404, "no such channel");
  const auto format = format_of(call, stream.logplex_frames);
  if (!format) co_return error_answer(406, "lines come as text/plain, text/event-stream or application/x-ndjson");
  const auto owner = shard_of(channel->partition, call.parts.shard.runtime().size());
  TailRequest request{channel->slot, stream.query, *format, std::move(stream.resume)};
  TailReader reader(call.parts.tails, owner, std::move(request));
  while (!reader.has_batch()) co_await reader.ready().wait();
  auto first = reader.take_batch();
  if (!first.found) co_return error_answer(404, "no such channel");
  auto head = head_of(call, *format, first.matched);
  auto started = co_await call.http.start_stream(std::move(head));
  ApiAnswer answer;
  answer.streamed = true;
  if (started.has_error()) co_return answer;
  call.http.on_client_gone(&reader.ready());
  if (!first.bytes.empty()) started = co_await call.http.write(std::move(first.bytes));
  if (started.has_value() && !first.last) {
    reader.release();
    co_await follow(call, reader, std::move(stream.query), *format);
  }
  call.http.on_client_gone(nullptr);
  co_await call.http.finish();
  co_return answer;
}

}  // namespace sluice
