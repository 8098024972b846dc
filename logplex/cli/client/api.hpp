#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"

namespace sluice::cli {

/// A server's address: http(s)://host[:port][/prefix].
struct Endpoint {
  std::string scheme;
  std::string host;  // without brackets
  std::string port;
  std::string prefix;  // path before every target, without a final slash

  bool secure() const { return scheme == "https"; }
  /// http://[::1]:8001
  std::string str() const;
};

/// Error: kUsage; it says how an address is written.
result<Endpoint, Error> parse_endpoint(std::string_view url);

/// One API request, as plain values.
struct ApiRequest {
  std::string method = "GET";
  std::string target;  // "/v3/apps?..."
  std::string body;    // sent with content_type if not empty
  std::string content_type = "application/json";
  std::string accept = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

struct ApiAnswer {
  unsigned status = 0;
  std::string body;
};

/// An answer whose body arrives in pieces.
class ApiStream {
 public:
  virtual ~ApiStream() = default;
  virtual unsigned status() const = 0;
  /// The next bytes; empty at the regular end. Blocks for at most `patience` for each piece. Error: kUnreachable if the
  /// connection broke or nothing came in time.
  virtual result<std::string, Error> read(std::chrono::milliseconds patience) = 0;
};

/// A server as commands see it. Blocking; one thread. Tests use a scripted one.
class Api {
 public:
  virtual ~Api() = default;
  /// Returns answers of any status. Error: kUnreachable, which names the address.
  virtual result<ApiAnswer, Error> call(const ApiRequest& request) = 0;
  virtual result<std::unique_ptr<ApiStream>, Error> open(const ApiRequest& request) = 0;
};

/// Makes an Api for an address; `authorization` is the value of the header of that name, or empty.
using ApiFactory = std::function<std::unique_ptr<Api>(const Endpoint&, const Secret& authorization)>;

/// The error for an answer of status >= 400: the server's message, and what to do about it.
Error error_of(const ApiAnswer& answer);
/// Returns the answer if its status is 2xx, otherwise its error.
result<ApiAnswer, Error> call_api(Api& api, const ApiRequest& request);

/// Encodes and joins path segments: "/v3/apps/my%20app".
std::string api_path(const std::vector<std::string_view>& segments);
/// Appends ?name=value or &name=value, encoded. An empty value appends nothing.
void add_query(std::string& target, std::string_view name, std::string_view value);

}  // namespace sluice::cli
