#include "router/http1/forward.hpp"

#include <algorithm>

#include "logplex/base/uuid.hpp"
#include "router/http1/head_writer.hpp"
#include "router/http1/scan.hpp"

namespace sluice::http1 {
namespace {

constexpr std::size_t kOwnFieldsBound = 512;
constexpr std::string_view kVia = "1.1 sluice\r\n";

bool kept_upstream(const Field& field) {
  return !field.named_in_connection &&
         (field.kind == FieldKind::kOther || field.kind == FieldKind::kDate || field.kind == FieldKind::kSetCookie);
}

/// `a, b, ` from all lines of a kind, so that what is put next is the list's last element.
template <class Message>
void put_values(HeadWriter& out, const Message& message, FieldKind kind) {
  if (!message.has(kind)) return;
  for (const Field& field : message.fields()) {
    if (field.kind != kind || field.value.size == 0) continue;
    out.put(message.text(field.value));
    out.put(", ");
  }
}

/// The client's request id, when there is exactly one and it is valid.
std::string_view request_id_of(const RequestParser& request) {
  std::string_view id;
  if (!request.has(FieldKind::kRequestId)) return id;
  unsigned count = 0;
  for (const Field& field : request.fields()) {
    if (field.kind != FieldKind::kRequestId) continue;
    id = request.text(field.value);
    ++count;
  }
  return count == 1 && is_valid_request_id(id) ? id : std::string_view();
}

Span put_request_id(HeadWriter& out, const RequestParser& request, Rng& rng) {
  out.put("X-Request-Id: ");
  std::string_view id = request_id_of(request);
  char fresh[Uuid::kTextSize];
  if (id.empty()) {
    Uuid::random(rng).format_to(fresh);
    id = {fresh, sizeof fresh};
  }
  const Span span = out.put_span(id);
  out.put("\r\n");
  return span;
}

Span put_target(HeadWriter& out, const RequestParser& request) {
  const std::string_view target = request.target();
  const std::uint32_t at = out.size();
  if (target.empty() && request.method() == "OPTIONS")
    out.put("*");  // RFC 9112 section 3.2.4
  else if (target.empty() || target[0] == '?')
    out.put("/");
  out.put(target);
  return {at, out.size() - at};
}

Span put_host(HeadWriter& out, const RequestParser& request) {
  out.put("\r\nHost: ");
  const Span whole = out.put_span(request.host_field());
  out.put("\r\n");
  return {whole.at, static_cast<std::uint32_t>(request.host().size())};
}

Span put_forwarded_for(HeadWriter& out, const RequestParser& request, std::string_view client) {
  constexpr std::string_view kName = "X-Forwarded-For: ";
  const std::uint32_t at = out.size() + static_cast<std::uint32_t>(kName.size());
  out.put(kName);
  put_values(out, request, FieldKind::kForwardedFor);
  out.put(client);
  const std::uint32_t end = out.size();
  out.put("\r\n");
  return {at, end - at};
}

void put_forwarding(HeadWriter& out, const ForwardFacts& facts) {
  out.put(facts.tls ? "X-Forwarded-Proto: https\r\nX-Forwarded-Port: "
                    : "X-Forwarded-Proto: http\r\nX-Forwarded-Port: ");
  out.put(std::uint64_t{facts.port});
  out.put("\r\nX-Request-Start: ");
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(facts.start.time_since_epoch());
  out.put(static_cast<std::uint64_t>(since_epoch.count()));
  out.put("\r\n");
}

void put_connection(HeadWriter& out, const RequestParser& request, bool keep) {
  if (!request.wants_upgrade()) return out.put(keep ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
  out.put("Connection: Upgrade\r\n");
  for (const Field& field : request.fields())
    if (field.kind == FieldKind::kUpgrade) out.put(request.text({field.at, field.end - field.at}));
}

void put_length(HeadWriter& out, std::uint64_t length) {
  out.put("Content-Length: ");
  out.put(length);
  out.put("\r\n");
}

void put_request_framing(HeadWriter& out, const RequestParser& request) {
  const bool usually_bodiless = request.method() == "GET" || request.is_head();
  if (request.body() == BodyKind::kChunked)
    out.put("Transfer-Encoding: chunked\r\n");
  else if (request.has_content_length() || !(usually_bodiless || request.wants_upgrade()))
    put_length(out, request.content_length());
}

}  // namespace

bool is_valid_request_id(std::string_view id) {
  return id.size() >= 20 && id.size() <= 200 &&
         std::all_of(id.begin(), id.end(), [](char c) { return is_char(c, kRequestIdChar); });
}

std::size_t upstream_head_bound(const RequestParser& request, const ForwardFacts& facts) {
  // Merging writes ", " where a whole `Name: ` and CRLF was, so no client field grows.
  return request.consumed() + facts.client_address.size() + kOwnFieldsBound;
}

UpstreamHead write_upstream_head(const RequestParser& request, const ForwardFacts& facts, Rng& rng, char* out) {
  HeadWriter writer(out);
  UpstreamHead head;
  const char* const bytes = request.text({0, 0}).data();
  head.method = writer.put_span(request.method());
  writer.put(" ");
  head.target = put_target(writer, request);
  writer.put(" HTTP/1.1");
  head.host = put_host(writer, request);
  put_kept_fields(writer, bytes, request.fields(), kept_upstream);
  head.forwarded_for = put_forwarded_for(writer, request, facts.client_address);
  put_forwarding(writer, facts);
  head.request_id = put_request_id(writer, request, rng);
  writer.put("Via: ");
  put_values(writer, request, FieldKind::kVia);
  writer.put(kVia);
  put_connection(writer, request, facts.keep_backend);
  put_request_framing(writer, request);
  writer.put("\r\n");
  head.size = writer.size();
  return head;
}

namespace {

bool kept_downstream(const Field& field) {
  switch (field.kind) {
    case FieldKind::kConnection:
    case FieldKind::kContentLength:
    case FieldKind::kTransferEncoding:
    case FieldKind::kUpgrade:
    case FieldKind::kHopByHop:
    case FieldKind::kVia:
      return false;
    default:
      return !field.named_in_connection;
  }
}

void put_response_connection(HeadWriter& out, const ResponseParser& response, bool keep) {
  if (response.interim()) return;  // nothing about the connection ends or begins with an interim response
  if (response.status() != 101) return out.put(keep ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
  out.put("Connection: Upgrade\r\n");
  for (const Field& field : response.fields())
    if (field.kind == FieldKind::kUpgrade) out.put(response.text({field.at, field.end - field.at}));
}

void put_response_framing(HeadWriter& out, const ResponseParser& response, bool dechunk) {
  if (response.chunked()) {
    if (!dechunk) out.put("Transfer-Encoding: chunked\r\n");
  } else if (response.has_content_length() && response.status() >= 200) {
    put_length(out, response.content_length());
  }
}

void put_date(HeadWriter& out, const ResponseParser& response, std::string_view date) {
  if (response.has_date() || response.status() < 200) return;
  out.put("Date: ");
  out.put(date);
  out.put("\r\n");
}

}  // namespace

std::size_t downstream_head_bound(const ResponseParser& response, const DownstreamFacts& facts) {
  return response.consumed() + facts.date.size() + kOwnFieldsBound;
}

std::size_t write_downstream_head(const ResponseParser& response, const DownstreamFacts& facts, char* out) {
  HeadWriter writer(out);
  const char* const bytes = response.text({0, 0}).data();
  writer.put("HTTP/1.1 ");
  writer.put(response.status_and_reason());
  if (response.status_and_reason().size() == 3) writer.put(" ");  // the reason may be empty, the space may not
  writer.put("\r\n");
  put_kept_fields(writer, bytes, response.fields(), kept_downstream);
  put_date(writer, response, facts.date);
  writer.put("Via: ");
  put_values(writer, response, FieldKind::kVia);
  writer.put(kVia);
  put_response_connection(writer, response, facts.keep_client);
  put_response_framing(writer, response, facts.dechunk);
  writer.put("\r\n");
  return writer.size();
}

}  // namespace sluice::http1
