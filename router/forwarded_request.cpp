#include "router/forwarded_request.hpp"

#include <cstring>

#include "logplex/base/uuid.hpp"
#include "router/http1/forward.hpp"

namespace sluice::router {

char* ForwardedRequest::reserve(std::size_t size) {
  clear();
  if (size > small_.size()) {
    large_.reset(new char[size]);
    held_ = size;
    at_ = large_.get();
  }
  return at_;
}

void ForwardedRequest::clear() {
  large_.reset();
  held_ = 0;
  at_ = small_.data();
  parts_ = {};
}

void ForwardedRequest::note_facts(const RequestHead& request, const ForwardFacts& facts) {
  const bool has_body = request.body() != BodyKind::kNone;
  version_ = request.version;
  tls_ = facts.tls;
  to_head_ = request.is_head();
  wants_upgrade_ = request.wants_upgrade;
  repeatable_ = !has_body && request.idempotent();
  expects_continue_ = has_body && request.expectation == Expectation::kContinue && version_ != HttpVersion::k10;
  needs_chunks_ = request.open_ended;
  loops_ = http1::has_passed(request, facts.via);
}

void ForwardedRequest::write(const RequestHead& request, const ForwardFacts& facts, Rng& rng) {
  char* const out = reserve(http1::upstream_head_bound(request, facts));
  parts_ = http1::write_upstream_head(request, facts, rng, out);
  note_facts(request, facts);
}

void ForwardedRequest::note(const RequestHead& request, const ForwardFacts& facts, Rng& rng) {
  const std::string_view texts[] = {request.method(), request.target(), request.host, facts.client_address};
  Span* const spans[] = {&parts_.method, &parts_.target, &parts_.host, &parts_.forwarded_for};
  std::size_t size = Uuid::kTextSize;
  for (const std::string_view text : texts) size += text.size();
  char* const out = reserve(size);
  Uuid::random(rng).format_to(out);
  parts_.request_id = {0, Uuid::kTextSize};
  std::uint32_t at = Uuid::kTextSize;
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    if (!texts[i].empty()) std::memcpy(out + at, texts[i].data(), texts[i].size());
    *spans[i] = {at, static_cast<std::uint32_t>(texts[i].size())};
    at += spans[i]->size;
  }
  note_facts(request, facts);
  to_head_ = false;  // we cannot be sure of it
}

}  // namespace sluice::router
