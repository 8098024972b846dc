#include "logplex/api/tail/line_stream.hpp"

#include <algorithm>
#include <memory>

#include "logplex/api/tail/tails.hpp"
#include "logplex/base/wall_time.hpp"

namespace sluice::api {
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
  head.headers.emplace_back("Cache-Control", "no-store");
  head.headers.emplace_back("X-Content-Type-Options", "nosniff");
  head.headers.emplace_back("request-id", call.request_id);
  if (format == LineFormat::kLogplex) head.headers.emplace_back("logplex-msg-count", std::to_string(matched));
  return head;
}

/// The state of a waiting stream; small, because each idle tail keeps it.
struct Following {
  std::unique_ptr<TailReader> reader;
  std::unique_ptr<OpenStream> open;
  KeyShares::Held held;
  LineFormat format;
  std::optional<WallTime> until;
};

/// How long a silent stream waits: until the next heartbeat or until its end.
Duration patience(const ApiCall& call, const Following& stream) {
  Duration wait = std::chrono::hours(24);
  if (!heartbeat(stream.format).empty()) wait = call.parts.settings.heartbeat;
  if (stream.until) wait = std::min(wait, time_between(call.parts.shard.wall_now(), *stream.until));
  return std::max<Duration>(wait, std::chrono::milliseconds(1));
}

bool over(const ApiCall& call, const Following& stream) {
  if (call.http.client_gone() || call.http.stopping() || stream.open->ended()) return true;
  return stream.until && call.parts.shard.wall_now() >= *stream.until;
}

/// Writes the batches that have come. False when the stream has ended.
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

Task<bool> write_heartbeat(ApiCall& call, LineFormat format) {
  std::string comment(heartbeat(format));
  const auto wrote = co_await call.http.write(std::move(comment));
  co_return wrote.has_value();
}

Task<void> follow(ApiCall& call, const Following& stream) {
  bool more = true;
  while (more && !over(call, stream)) {
    const bool news = co_await stream.reader->ready().wait_for(patience(call, stream));
    if (!news && !heartbeat(stream.format).empty()) more = co_await write_heartbeat(call, stream.format);
    if (more) more = co_await write_batches(call, *stream.reader);
  }
}

enum class Begun { kNotFound, kEnded, kGoesOn };

/// Writes the head and the first batch.
Task<Begun> begin(ApiCall& call, const Following& stream) {
  auto& reader = *stream.reader;
  while (!reader.has_batch()) co_await reader.ready().wait();
  auto first = reader.take_batch();
  if (!first.found) co_return Begun::kNotFound;
  auto head = head_of(call, stream.format, first.matched);
  auto wrote = co_await call.http.start_stream(std::move(head));
  if (wrote.has_error() || stream.open->ended()) co_return Begun::kEnded;
  call.http.on_client_gone(&reader.ready());
  if (!first.bytes.empty()) wrote = co_await call.http.write(std::move(first.bytes));
  if (wrote.has_error() || first.last) co_return Begun::kEnded;
  reader.release();
  const bool more = co_await write_batches(call, reader);
  co_return more ? Begun::kGoesOn : Begun::kEnded;
}

Task<ApiAnswer> serve(ApiCall& call, Following stream) {
  const auto begun = co_await begin(call, stream);
  if (begun == Begun::kNotFound) co_return error_answer(404, "no such channel");
  if (begun == Begun::kGoesOn) co_await follow(call, stream);
  call.http.on_client_gone(nullptr);
  co_await call.http.finish();
  co_return streamed_answer();
}

}  // namespace

Task<ApiAnswer> stream_lines(ApiCall& call, LineStream stream) {
  const auto* channel = call.parts.config().channel(stream.channel);
  if (channel == nullptr) return answered(error_answer(404, "no such channel"));
  const auto format = format_of(call, stream.logplex_frames);
  if (!format)
    return answered(error_answer(406, "lines come as text/plain, text/event-stream or application/x-ndjson"));
  const Owner owner = call.parts.fabric.local().placement().owner_of(channel->partition);
  if (!owner.here()) return answered(error_answer(503, "another node has the lines of this channel"));
  stream.rights.channel = channel->channel.id;
  stream.rights.incarnation = channel->channel.incarnation;
  auto open = std::make_unique<OpenStream>(call.parts.streams, call.http, std::move(stream.rights));
  // A tail may wait for days, so free what only the checks needed.
  call.who = Principal();
  const auto until = stream.query.until;
  TailRequest request{channel->slot, std::move(stream.query), *format, std::move(stream.resume)};
  auto reader = std::make_unique<TailReader>(call.parts.tails, owner.shard, std::move(request));
  return serve(call, Following{std::move(reader), std::move(open), std::move(stream.held), *format, until});
}

}  // namespace sluice::api
