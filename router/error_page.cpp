#include "router/error_page.hpp"

#include <fmt/format.h>

namespace sluice::router {
namespace {

struct PageText {
  unsigned status;
  std::string_view status_and_reason;
  std::string_view sentence;

  std::string_view reason() const { return status_and_reason.substr(4); }
};

constexpr PageText kPages[] = {
    {400, "400 Bad Request", "The request could not be understood."},
    {404, "404 Not Found", "There is no app at this address."},
    {408, "408 Request Timeout", "The request did not arrive in time."},
    {413, "413 Content Too Large", "The body of the request is too large."},
    {414, "414 URI Too Long", "The address of the request is too long."},
    {417, "417 Expectation Failed", "This server does not support what the Expect header asks for."},
    {431, "431 Request Header Fields Too Large", "The head of the request is too large."},
    {501, "501 Not Implemented", "The request uses something that this server does not support."},
    {502, "502 Bad Gateway", "The app's answer could not be passed on."},
    {503, "503 Service Unavailable", "The app did not answer. Please try again in a moment."},
    {505, "505 HTTP Version Not Supported", "This server does not support this version of HTTP."},
    {508, "508 Loop Detected", "The request came back to a server that had already passed it on."},
};

const PageText& page_of(unsigned status) {
  for (const PageText& page : kPages)
    if (page.status == status) return page;
  return kPages[0];
}

}  // namespace

void make_error_page(unsigned status, unsigned retry_after, bool to_head, Answer& page) {
  constexpr std::size_t kBodyBound = 512;
  const PageText& row = page_of(status);
  char body[kBodyBound];
  const auto end = fmt::format_to_n(body, kBodyBound,
                                    "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{0}</title></head>\n"
                                    "<body><h1>{0}</h1><p>{1}</p></body></html>\n",
                                    row.reason(), row.sentence);
  page.begin(row.status, row.status_and_reason);
  page.add("Content-Type", "text/html; charset=utf-8");
  page.add("Cache-Control", "no-cache, no-store");
  if (retry_after != 0) page.add("Retry-After", fmt::format_int(retry_after).c_str());
  page.finish({body, end.size}, to_head);
}

}  // namespace sluice::router
