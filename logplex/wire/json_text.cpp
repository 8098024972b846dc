#include "logplex/wire/json_text.hpp"

#include <charconv>
#include <cmath>

#include <boost/json/serialize.hpp>

#include "logplex/base/bytes/utf8.hpp"

namespace sluice {
namespace {

namespace json = boost::json;

void append(std::string& out, const json::value& value);

/// Boost.JSON passes on bytes that are not UTF-8, which would make the text invalid JSON (RFC 8259, 8.1).
void append_string(std::string& out, std::string_view text) { out += json::serialize(json::string(valid_utf8(text))); }

void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  char text[32];
  const auto written = std::to_chars(text, text + sizeof text, number);  // the shortest that reads back the same
  out.append(text, written.ptr);
}

void append_array(std::string& out, const json::array& array) {
  char before = '[';
  for (const auto& item : array) {
    out += before;
    append(out, item);
    before = ',';
  }
  out += array.empty() ? "[]" : "]";
}

void append_object(std::string& out, const json::object& object) {
  char before = '{';
  for (const auto& member : object) {
    out += before;
    append_string(out, member.key());
    out += ':';
    append(out, member.value());
    before = ',';
  }
  out += object.empty() ? "{}" : "}";
}

void append(std::string& out, const json::value& value) {
  if (const auto* number = value.if_double()) return append_number(out, *number);
  if (const auto* array = value.if_array()) return append_array(out, *array);
  if (const auto* object = value.if_object()) return append_object(out, *object);
  if (const auto* text = value.if_string()) return append_string(out, *text);
  out += json::serialize(value);
}

}  // namespace

std::string json_text(const json::value& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace sluice
