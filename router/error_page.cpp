#include "router/error_page.hpp"

#include <fmt/format.h>

namespace sluice::router {
namespace {

struct PageText {
  unsigned status;
  std::string_view reason;
  std::string_view sentence;
};

constexpr PageText kPages[] = {
    {400, "Bad Request", "The request could not be understood."},
    {404, "Not Found", "There is no app at this address."},
    {408, "Request Timeout", "The request did not arrive in time."},
    {413, "Content Too Large", "The body of the request is too large."},
    {414, "URI Too Long", "The address of the request is too long."},
    {417, "Expectation Failed", "This server does not support what the Expect header asks for."},
    {431, "Request Header Fields Too Large", "The head of the request is too large."},
    {501, "Not Implemented", "The request uses something that this server does not support."},
    {502, "Bad Gateway", "The app's answer could not be passed on."},
    {503, "Service Unavailable", "The app did not answer. Please try again in a moment."},
    {505, "HTTP Version Not Supported", "This server does not support this version of HTTP."},
    {508, "Loop Detected", "The request came back to a server that had already passed it on."},
};

const PageText& page_of(unsigned status) {
  for (const PageText& page : kPages)
    if (page.status == status) return page;
  return kPages[0];
}

}  // namespace

std::size_t write_error_page(unsigned status, const PageFacts& facts, char* out) {
  const PageText& page = page_of(status);
  char body[kErrorPageBound / 2];
  const auto body_end =
      fmt::format_to_n(body, sizeof body,
                       "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{0}</title></head>\n"
                       "<body><h1>{0}</h1><p>{1}</p></body></html>\n",
                       page.reason, page.sentence);
  const std::string_view text(body, body_end.size);
  char retry[32];
  const auto retry_end = fmt::format_to_n(retry, sizeof retry, "Retry-After: {}\r\n", facts.retry_after);
  const std::string_view retry_after(retry, facts.retry_after != 0 ? retry_end.size : 0);
  const auto end = fmt::format_to_n(out, kErrorPageBound,
                                    "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: text/html; charset=utf-8\r\n"
                                    "Content-Length: {}\r\nCache-Control: no-cache, no-store\r\n{}Via: 1.1 {}\r\n"
                                    "Connection: close\r\n\r\n{}",
                                    page.status, page.reason, facts.date, text.size(), retry_after, facts.via,
                                    facts.without_body ? "" : text);
  return end.size;
}

}  // namespace sluice::router
