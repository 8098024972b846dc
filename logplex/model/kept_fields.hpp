#pragma once

#include <memory>

#include <boost/json/object.hpp>

namespace sluice {

/// Fields of a stored entry that this version does not know. They are written back with every rewrite, so that an
/// older node in a mixed cluster does not lose what a newer one stored. Usually none: 16 bytes.
struct KeptFields {
  std::shared_ptr<const boost::json::object> fields;

  friend bool operator==(const KeptFields& a, const KeptFields& b) {
    if (!a.fields || !b.fields) return !a.fields && !b.fields;
    return *a.fields == *b.fields;
  }
};

}  // namespace sluice
