#include "router/http1/limits.hpp"

namespace sluice::router::http1 {
namespace {

/// The colon and the blanks around a value, which have no limit of their own.
constexpr std::size_t kColonAndBlanks = 257;

}  // namespace

HeadLimits HeadLimits::of_requests(const RouterSettings& settings) {
  const std::size_t name = settings.header_name_max.count;
  const std::size_t value = settings.header_value_max.count;
  return {.start_line = settings.request_line_max.count,
          .name = name,
          .value = value,
          .cookie = value,
          .line = name + value + kColonAndBlanks,
          .fields = settings.headers_max,
          .head = settings.request_head_max.count};
}

HeadLimits HeadLimits::of_responses(const RouterSettings& settings) {
  const std::size_t line = settings.response_header_max.count;
  return {.start_line = settings.response_status_line_max.count,
          .name = line,
          .value = line,
          .cookie = settings.response_cookie_max.count,
          .line = line,
          .fields = settings.headers_max,
          .head = 2 * line + settings.response_status_line_max.count};
}

}  // namespace sluice::router::http1
