#include "router/http1/forward.hpp"

#include <algorithm>

#include "logplex/base/uuid.hpp"
#include "router/http1/fields.hpp"
#include "router/http1/head_writer.hpp"
#include "router/http1/scan.hpp"

namespace sluice::router::http1 {
namespace {

constexpr std::size_t kOwnFieldsBound = 512;

// Predicates for put_kept_fields(), as values, so that its loop contains no calls.
constexpr auto kKeptUpstream = [](const Field& field) {
  return kEndToEnd.has(field.kind) && !field.named_in_connection;
};
constexpr auto kKeptOfTrusted = [](const Field& field) {
  return field.kind == FieldKind::kRealIp || field.kind == FieldKind::kForwardedHost || kKeptUpstream(field);
};

/// Writes `a, b, ` from all lines of a kind; the caller then writes the last element of the list.
template <class Message>
void put_values(HeadWriter& out, const Message& message, FieldKind kind) {
  if (!message.has(kind)) return;
  for (const Field& field : message.fields) {
    if (field.kind != kind || field.value.size == 0) continue;
    out.put(message.text(field.value));
    out.put(", ");
  }
}

/// The value of a field that occurs exactly once; else empty.
std::string_view single_value(const RequestHead& request, FieldKind kind) {
  if (!request.has(kind)) return {};
  std::string_view value;
  unsigned count = 0;
  for (const Field& field : request.fields) {
    if (field.kind != kind) continue;
    value = request.text(field.value);
    ++count;
  }
  return count == 1 ? value : std::string_view();
}

std::string_view request_id_of(const RequestHead& request) {
  const std::string_view id = single_value(request, FieldKind::kRequestId);
  return is_valid_request_id(id) ? id : std::string_view();
}

/// For a trusted peer: what it says, if that is valid, else what we see ourselves.
std::string_view protocol_of(const RequestHead& request, const ForwardFacts& facts) {
  const std::string_view said = single_value(request, FieldKind::kForwardedProto);
  for (const std::string_view known : {"http", "https"})
    if (equals_lower(said, known)) return known;
  return facts.tls ? "https" : "http";
}

std::uint64_t port_of(const RequestHead& request, const ForwardFacts& facts) {
  constexpr std::uint64_t kLargestPort = 65535;
  std::uint64_t said = 0;
  const bool counts = parse_length(single_value(request, FieldKind::kForwardedPort), said);
  return counts && said > 0 && said <= kLargestPort ? said : facts.port;
}

Span put_request_id(HeadWriter& out, const RequestHead& request, Rng& rng) {
  out.put("X-Request-Id: ");
  const std::uint32_t at = out.size();
  if (const std::string_view id = request_id_of(request); !id.empty())
    out.put(id);
  else
    Uuid::random(rng).format_to(out.take(Uuid::kTextSize));
  const Span span{at, out.size() - at};
  out.put("\r\n");
  return span;
}

Span put_target(HeadWriter& out, const RequestHead& request) {
  const std::string_view target = request.target();
  const std::uint32_t at = out.size();
  if (target.empty() && request.method() == "OPTIONS")
    out.put("*");  // RFC 9112 section 3.2.4
  else if (target.empty() || target[0] == '?')
    out.put("/");
  out.put(target);
  return {at, out.size() - at};
}

Span put_host(HeadWriter& out, const RequestHead& request) {
  out.put("\r\nHost: ");
  const Span whole = out.put_span(request.authority());
  out.put("\r\n");
  return {whole.at, static_cast<std::uint32_t>(request.host.size())};
}

Span put_forwarded_for(HeadWriter& out, const RequestHead& request, std::string_view client) {
  constexpr std::string_view kName = "X-Forwarded-For: ";
  const std::uint32_t at = out.size() + static_cast<std::uint32_t>(kName.size());
  out.put(kName);
  put_values(out, request, FieldKind::kForwardedFor);
  out.put(client);
  const std::uint32_t end = out.size();
  out.put("\r\n");
  return {at, end - at};
}

/// RFC 7239: appends our element to what a trusted peer says about those before it.
void put_forwarded(HeadWriter& out, const RequestHead& request, const ForwardFacts& facts) {
  if (!request.has(FieldKind::kForwarded)) return;
  const bool v6 = facts.client_address.find(':') != std::string_view::npos;
  out.put("Forwarded: ");
  put_values(out, request, FieldKind::kForwarded);
  out.put(v6 ? "for=\"[" : "for=");
  out.put(facts.client_address);
  out.put(v6 ? "]\"" : "");
  out.put(facts.tls ? ";proto=https\r\n" : ";proto=http\r\n");
}

void put_forwarding(HeadWriter& out, const RequestHead& request, const ForwardFacts& facts) {
  if (facts.trusted) {
    put_forwarded(out, request, facts);
    out.put("X-Forwarded-Proto: ");
    out.put(protocol_of(request, facts));
    out.put("\r\nX-Forwarded-Port: ");
    out.put(port_of(request, facts));
  } else {
    if (facts.tls)
      out.put("X-Forwarded-Proto: https\r\nX-Forwarded-Port: ");
    else
      out.put("X-Forwarded-Proto: http\r\nX-Forwarded-Port: ");
    out.put(std::uint64_t{facts.port});
  }
  out.put("\r\nX-Request-Start: ");
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(facts.start.time_since_epoch());
  out.put(static_cast<std::uint64_t>(since_epoch.count()));
  out.put("\r\n");
}

template <class Message>
void put_via(HeadWriter& out, const Message& message, std::string_view via) {
  if (message.has(FieldKind::kVia)) {
    out.put("Via: ");
    put_values(out, message, FieldKind::kVia);
    out.put("1.1 ");
  } else {
    out.put("Via: 1.1 ");
  }
  out.put(via);
  out.put("\r\n");
}

void put_keep_alive(HeadWriter& out, bool keep) {
  if (keep)
    out.put("Connection: keep-alive\r\n");
  else
    out.put("Connection: close\r\n");
}

void put_connection(HeadWriter& out, const RequestHead& request, bool keep) {
  if (!request.wants_upgrade) return put_keep_alive(out, keep);
  out.put("Connection: Upgrade\r\n");
  for (const Field& field : request.fields)
    if (field.kind == FieldKind::kUpgrade) out.put(request.text({field.at, field.end - field.at}));
}

void put_length(HeadWriter& out, std::uint64_t length) {
  out.put("Content-Length: ");
  out.put(length);
  out.put("\r\n");
}

void put_request_framing(HeadWriter& out, const RequestHead& request) {
  const bool usually_bodiless = request.method() == "GET" || request.is_head();
  if (request.chunked || request.open_ended)
    out.put("Transfer-Encoding: chunked\r\n");
  else if (request.has_length || !(usually_bodiless || request.wants_upgrade))
    put_length(out, request.length);
}

}  // namespace

bool is_valid_request_id(std::string_view id) {
  return id.size() >= 20 && id.size() <= 200 &&
         std::all_of(id.begin(), id.end(), [](char c) { return is_char(c, kRequestIdChar); });
}

/// An element of Via is `[protocol/]version received-by [comment]`.
bool has_passed(const RequestHead& request, std::string_view via) {
  if (!request.has(FieldKind::kVia)) return false;
  const auto names_us = [via](std::string_view element) {
    const std::size_t version_end = element.find_first_of(" \t");
    if (version_end == std::string_view::npos) return false;
    const std::string_view by = trim(element.substr(version_end));
    return same_name(by.substr(0, by.find_first_of(" \t")), via);
  };
  for (const Field& field : request.fields) {
    if (field.kind != FieldKind::kVia) continue;
    const auto others = [&](std::string_view element) { return !names_us(element); };
    if (!for_each_element(request.text(field.value), others)) return true;
  }
  return false;
}

std::size_t upstream_head_bound(const RequestHead& request, const ForwardFacts& facts) {
  // Merging replaces a whole `Name: ` and CRLF by ", ", so no client field grows.
  return request.size + 2 * facts.client_address.size() + facts.via.size() + kOwnFieldsBound;
}

UpstreamHead write_upstream_head(const RequestHead& request, const ForwardFacts& facts, Rng& rng, char* out) {
  HeadWriter writer(out);
  UpstreamHead head;
  head.method = writer.put_span(request.method());
  writer.put(" ");
  head.target = put_target(writer, request);
  writer.put(" HTTP/1.1");
  head.host = put_host(writer, request);
  if (facts.trusted)
    put_kept_fields(writer, request, kKeptOfTrusted);
  else
    put_kept_fields(writer, request, kKeptUpstream);
  head.forwarded_for = put_forwarded_for(writer, request, facts.client_address);
  put_forwarding(writer, request, facts);
  head.request_id = put_request_id(writer, request, rng);
  put_via(writer, request, facts.via);
  put_connection(writer, request, facts.keep_backend);
  put_request_framing(writer, request);
  writer.put("\r\n");
  head.size = writer.size();
  return head;
}

namespace {

constexpr FieldKinds kWrittenByUs{FieldKind::kConnection, FieldKind::kContentLength, FieldKind::kTransferEncoding,
                                  FieldKind::kUpgrade,    FieldKind::kHopByHop,      FieldKind::kVia};
constexpr auto kKeptDownstream = [](const Field& field) {
  return !kWrittenByUs.has(field.kind) && !field.named_in_connection;
};

void put_response_connection(HeadWriter& out, const ResponseHead& response, bool keep) {
  if (response.interim()) return;  // an interim response says nothing about the connection
  if (response.status != 101) return put_keep_alive(out, keep);
  out.put("Connection: Upgrade\r\n");
  for (const Field& field : response.fields)
    if (field.kind == FieldKind::kUpgrade) out.put(response.text({field.at, field.end - field.at}));
}

void put_response_framing(HeadWriter& out, const ResponseHead& response, bool dechunk) {
  if (response.status < 200 || response.status == 204) return;  // RFC 9112 section 6.1: they have no body
  if (response.chunked) {
    if (!dechunk) out.put("Transfer-Encoding: chunked\r\n");
  } else if (response.has_length) {
    put_length(out, response.length);
  }
}

void put_date(HeadWriter& out, const ResponseHead& response, std::string_view date) {
  if (response.has_date || response.status < 200) return;
  out.put("Date: ");
  out.put(date);
  out.put("\r\n");
}

}  // namespace

std::size_t downstream_head_bound(const ResponseHead& response, const DownstreamFacts& facts) {
  return response.size + facts.date.size() + facts.via.size() + kOwnFieldsBound;
}

std::size_t write_downstream_head(const ResponseHead& response, const DownstreamFacts& facts, char* out) {
  HeadWriter writer(out);
  writer.put("HTTP/1.1 ");
  writer.put(response.status_and_reason());
  if (response.status_and_reason().size() == 3) writer.put(" ");  // the reason may be empty, the space may not
  writer.put("\r\n");
  put_kept_fields(writer, response, kKeptDownstream);
  put_date(writer, response, facts.date);
  put_via(writer, response, facts.via);
  put_response_connection(writer, response, facts.keep_client);
  put_response_framing(writer, response, facts.dechunk);
  writer.put("\r\n");
  return writer.size();
}

}  // namespace sluice::router::http1
