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
  std::string prefix;  // path before every target, no slash at its end

  bool secure() const { return scheme == "https"; }
  /// http://[::1]:8001
  std::string str() const;
};

/// Error: kUsage, says what an address looks like.
result<Endpoint, Error> parse_endpoint(std::string_view url);

/// One call as bytes on the wire will say it; no I/O.
struct ApiRequest {
  std::string method = "GET";
  std::string target;  // "/v3/apps?..."
  std::string body;    // sent with content_type when not empty
  std::string content_type = "application/json";
  std::string accept = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

struct ApiAnswer {
  unsigned status = 0;
  std::string body;
};

/// An answer whose body arrives piece by piece.
class ApiStream {
 public:
  virtual ~ApiStream() = default;
  virtual unsigned status() const = 0;
  /// The next bytes; empty at the regular end. Blocks for at most `patience` for each piece.
  /// Error: kUnreachable, when the connection broke or nothing came in time.
  virtual result<std::string, Error> read(std::chrono::milliseconds patience) = 0;
};

/// A server as the commands see it. Blocking; one thread. Tests put a scripted one here.
class Api {
 public:
  virtual ~Api() = default;
  /// Any status is an answer. Error: kUnreachable, names the address.
  virtual result<ApiAnswer, Error> call(const ApiRequest& request) = 0;
  virtual result<std::unique_ptr<ApiStream>, Error> open(const ApiRequest& request) = 0;
};

/// Makes an Api for an address; `authorization` is the value of that header, or empty.
using ApiFactory = std::function<std::unique_ptr<Api>(const Endpoint&, const Secret& authorization)>;

/// The error that an answer of status >= 400 stands for: the server's own sentence, and what to do about it.
Error error_of(const ApiAnswer& answer);
/// The answer when its status is 2xx, its error otherwise.
result<ApiAnswer, Error> call_api(Api& api, const ApiRequest& request);

/// "/v3/apps/my%20app" from its segments.
std::string api_path(const std::vector<std::string_view>& segments);
/// Appends ?name=value or &name=value, encoded. An empty value appends nothing.
void add_query(std::string& target, std::string_view name, std::string_view value);

}  // namespace sluice::cli
