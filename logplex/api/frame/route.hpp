#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/api/frame/answer.hpp"
#include "logplex/model/access.hpp"
#include "logplex/runtime/task.hpp"

namespace sluice::api {

struct ApiCall;

enum class Method : std::uint8_t { kGet, kPost, kPut, kPatch, kDelete };
std::string_view to_string(Method method);
std::optional<Method> parse_method(std::string_view text);

/// The allowed types of a member of a JSON body. null counts as absent.
enum class JsonShape : std::uint8_t {
  kString,
  kBool,
  kNumber,   // a whole number, not negative
  kText,     // a string or a number
  kSwitch,   // a bool, a number, or "1", "0", "true", "false"
  kStrings,  // an array of strings
  kObjects,  // an array of objects
  kObject,
};

struct BodyField {
  std::string_view name;
  JsonShape shape;
  bool required;
  std::string_view what;  // one phrase for the reader of the OpenAPI document
};

/// The JSON object that a call takes. `open`: unlisted members are ignored, because old clients of Logplex send them;
/// other schemas refuse them by name. `optional`: a missing body counts as an empty object.
struct BodySchema {
  std::span<const BodyField> fields;
  bool open = false;
  bool optional = false;
};

/// Who may call: anybody, a caller with any valid key, or a caller whose key has the scope.
enum class Access : std::uint8_t { kAnybody, kAnyKey, kScope };

/// What a row affects: the channel that its path or body names, or all channels at once. Keys that are limited to some
/// channels may not call the latter.
enum class Reach : std::uint8_t { kSome, kAllChannels };

/// The format of a refusal: JSON (v3), or the plain texts of Logplex's first two APIs.
enum class Dialect : std::uint8_t { kV3, kLegacy };

/// The content type of the answer: JSON, which the Accept header must allow, or one that the handler chooses.
enum class Answers : std::uint8_t { kJson, kOther };

using ApiHandler = Task<ApiAnswer> (*)(ApiCall& call);

/// One row of the API. Authentication, body checks, errors, metrics and the OpenAPI document are derived from it.
struct Route {
  Method method;
  std::string_view path;  // "/v3/channels/:c/drains/:d"; a segment with ':' takes any non-empty segment
  Access access;
  Scope scope;             // for Access::kScope
  const BodySchema* body;  // null = any body is ignored
  ApiHandler handler;
  unsigned success;  // status of the usual answer
  std::string_view summary;
  Answers answers = Answers::kJson;
  Dialect dialect = Dialect::kV3;
  Reach reach = Reach::kSome;

  /// Index of `:c` or `:app` among the parameters, which names the channel that the key must be allowed to use; or
  /// none.
  std::optional<std::size_t> channel_parameter() const;
};

/// Result of a look-up by path and method: a route with its decoded parameters, or 404, or 405 with the allowed
/// methods.
struct RouteMatch {
  const Route* route = nullptr;
  std::vector<std::string> parameters;
  std::string allow;  // not empty = the path is known, the method is not: value of the Allow header
};

/// All rows, split into segments once. Immutable: shared by all shards.
class RouteTable {
 public:
  explicit RouteTable(std::span<const Route> routes);

  /// Where rows overlap, the first one wins; so fixed segments stand before parameters.
  RouteMatch find(std::string_view method, std::string_view path) const;
  std::span<const Route> routes() const { return routes_; }

 private:
  using Segments = std::vector<std::string_view>;

  static Segments split(std::string_view path);
  static bool matches(const Segments& pattern, const Segments& path);

  std::span<const Route> routes_;
  std::vector<Segments> patterns_;
};

}  // namespace sluice::api
