#pragma once

#include <string>

#include "router/http1/limits.hpp"
#include "router/http1/scan.hpp"

// Heads as they are seen on the proxy path, for measurements: with the parser's slack behind them.

namespace sluice::router::http1 {

inline constexpr HeadLimits kSampleLimits{
    .start_line = 8192, .name = 1000, .value = 8192, .cookie = 8192, .line = 9449, .fields = 1000, .head = 131072};

inline std::string with_slack(std::string text) {
  text.reserve(text.size() + kSlack);
  return text;
}

inline std::string sample_small_head() {
  return with_slack("GET /p?q=1 HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n");
}

/// 930 bytes.
inline std::string sample_browser_head() {
  std::string head =
      "GET /products/42?ref=home&page=2 HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n"
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0\r\n"
      "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
      "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\nDNT: 1\r\nCookie: session=";
  head += std::string(930 - head.size() - 4, 'c') + "\r\n\r\n";
  return with_slack(head);
}

inline std::string sample_response_head() {
  return with_slack(
      "HTTP/1.1 200 OK\r\nServer: app\r\nContent-Type: text/plain\r\nContent-Length: 128\r\n"
      "Date: Sun, 22 Nov 2026 22:00:00 GMT\r\n\r\n");
}

}  // namespace sluice::router::http1
