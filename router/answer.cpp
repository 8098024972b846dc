#include "router/answer.hpp"

namespace sluice::router {
namespace {

/// What we write ourselves needs no close limits.
constexpr http1::HeadLimits kLimits{
    .start_line = 8192, .name = 1000, .value = 8192, .cookie = 8192, .line = 9449, .fields = 1000, .head = 131072};

}  // namespace

Answer::Answer() : block_(kLimits) {}

void Answer::begin(unsigned status, std::string_view status_and_reason) {
  block_.clear();
  head_ = {};
  head_.status = status;
  head_.status_and_reason_at = block_.put(status_and_reason);
}

bool Answer::add(std::string_view name, std::string_view value) {
  if (value.size() > kLimits.value || name.size() > kLimits.name) return false;
  return block_.add(name, value) == http1::HeadError::kNone;
}

void Answer::finish(std::string_view body, bool to_head) {
  block_.show_in(head_);
  head_.has_length = true;
  head_.length = body.size();
  head_.to_head = to_head;
  head_.has_date = head_.has(FieldKind::kDate);
  body_ = head_.body() == BodyKind::kNone ? std::string_view() : body;
}

}  // namespace sluice::router
