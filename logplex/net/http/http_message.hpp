#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The first header of that name (case does not matter), or nullptr.
const std::string* find_header(const HttpHeaders& headers, std::string_view name);
/// True when both are equal but for ASCII case.
bool equal_ignoring_case(std::string_view a, std::string_view b);
/// Decodes %XX, and with `plus_is_space` also '+'. False for a bad escape; then `out` is unspecified.
bool percent_decode(std::string_view text, bool plus_is_space, std::string& out);

/// The head of a request. Header values are as received, without surrounding white space.
struct HttpRequest {
  std::string method;
  std::string target;                                      // as received
  std::string path;                                        // of the target, without query, still percent-encoded
  std::vector<std::pair<std::string, std::string>> query;  // percent-decoded, in order
  HttpHeaders headers;
  int version = 11;  // 10 or 11
  std::string peer;  // address without port

  const std::string* header(std::string_view name) const { return find_header(headers, name); }
  /// The first query parameter of that name, or nullptr.
  const std::string* query_value(std::string_view name) const;
};

/// An answer. The server adds Content-Length, Date, Server, Connection and Transfer-Encoding itself.
struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
  std::string reason;  // empty = the usual one of the status
};

/// The usual reason phrase; "Status" for an unknown one.
std::string_view reason_of(int status);

}  // namespace sluice
