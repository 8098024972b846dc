#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/model/kept_fields.hpp"

namespace sluice {

/// Takes known fields out of a stored JSON object; what is left is kept. The first thing wrong is remembered and later
/// reads answer defaults, so that a decoder is a plain list of fields. Errors name the field, never its value.
class FieldReader {
 public:
  explicit FieldReader(boost::json::object fields) : fields_(std::move(fields)) {}

  /// Absent is the default, a wrong type is an error.
  std::string text(std::string_view name);
  bool flag(std::string_view name, bool otherwise = false);
  std::uint64_t number(std::string_view name, std::uint64_t otherwise, std::uint64_t max);
  Secret secret(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  boost::json::array list(std::string_view name);
  std::optional<boost::json::object> object(std::string_view name);

  void fail(std::string_view name, std::string_view what);
  /// What no call above asked for.
  KeptFields rest();
  bool failed() const { return error_.has_value(); }
  result<void, Error> status() const;

 private:
  std::optional<boost::json::value> take(std::string_view name);

  boost::json::object fields_;
  std::optional<Error> error_;
};

/// The envelope of a stored secret.
boost::json::object sealed(const Secret& secret);
/// Absent when the envelope has another version or form.
std::optional<Secret> unsealed(const boost::json::value& envelope);

}  // namespace sluice
