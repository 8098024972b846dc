#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "logplex/base/result.hpp"
#include "logplex/base/seal.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/model/kept_fields.hpp"

namespace sluice {

/// The place of a secret, to which its sealed form is bound, and the seal: null = plain text.
struct SealedPlace {
  const Seal* seal = nullptr;
  std::string name;  // the entry, and the fields around the secret

  /// The place of a part of this one.
  SealedPlace of(std::string_view part) const { return {seal, name + "\n" + std::string(part)}; }
};

/// Takes known fields out of a stored JSON object; rest() returns the others. Remembers the first error; later reads
/// return defaults, so that a decoder is a plain list of fields. Errors name the field, never its value.
class FieldReader {
 public:
  FieldReader(boost::json::object fields, SealedPlace place) : fields_(std::move(fields)), place_(std::move(place)) {}

  /// An absent field gives the default; a wrong type is an error.
  std::string text(std::string_view name);
  bool flag(std::string_view name, bool otherwise = false);
  std::optional<bool> flag_if_there(std::string_view name);
  std::uint64_t number(std::string_view name, std::uint64_t otherwise, std::uint64_t max);
  Secret secret(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  boost::json::array list(std::string_view name);
  std::optional<boost::json::object> object(std::string_view name);

  const SealedPlace& place() const { return place_; }
  void fail(std::string_view name, std::string_view what);
  /// The fields that no call above asked for. left() passes them to another reader of the same object.
  KeptFields rest();
  boost::json::object left() { return std::move(fields_); }
  bool failed() const { return error_.has_value(); }
  result<void, Error> status() const;

 private:
  std::optional<boost::json::value> take(std::string_view name);

  boost::json::object fields_;
  SealedPlace place_;
  std::optional<Error> error_;
};

/// The envelope of a stored secret at this place.
boost::json::object sealed(const Secret& secret, const SealedPlace& place);
/// The error says, without a value, why the envelope cannot be opened.
result<Secret, Error> unsealed(const boost::json::value& envelope, const SealedPlace& place);

}  // namespace sluice
