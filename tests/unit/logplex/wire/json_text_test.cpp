#include "logplex/wire/json_text.hpp"

#include <limits>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "logplex/base/bytes/utf8.hpp"

namespace sluice {
namespace {

namespace json = boost::json;

TEST(JsonText, Numbers_are_written_as_people_write_them) {
  const json::array numbers{0.0, 3.672, -12.5, 100.0, 7, -3, 18446744073709551615ULL};
  EXPECT_EQ(json_text(numbers), "[0,3.672,-12.5,100,7,-3,18446744073709551615]");
}

TEST(JsonText, Numbers_that_JSON_cannot_hold_are_null) {
  EXPECT_EQ(json_text(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(json_text(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(JsonText, Everything_else_is_plain_JSON) {
  const json::object nested{{"none", nullptr}, {"yes", true}, {"list", json::array{json::array{}, json::object{}}}};
  EXPECT_EQ(json_text(nested), R"({"none":null,"yes":true,"list":[[],{}]})");
  EXPECT_EQ(json_text(json::object{{"a\"\n\x01", "b\\"}}), R"({"a\"\n\u0001":"b\\"})");
}

TEST(JsonText, Bytes_that_are_not_UTF8_are_replaced_in_names_and_values) {
  const auto text = json_text(json::object{{"a\xff", "b\xc3"}, {"list", json::array{"\xed\xa0\x80", "\xe2\x98\x83"}}});
  EXPECT_EQ(
      text,
      "{\"a\xef\xbf\xbd\":\"b\xef\xbf\xbd\",\"list\":[\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"\xe2\x98\x83\"]}");
}

TEST(JsonText, Shown_names_are_cut_between_characters) {
  EXPECT_EQ(shown_text("shop", 10), "shop");
  EXPECT_EQ(shown_text("caf\xc3\xa9 caf\xc3\xa9", 4), "caf...");
  EXPECT_EQ(shown_text(std::string(70'000, 'x'), 100).size(), 103u);
}

TEST(JsonText, What_it_writes_reads_back_the_same) {
  const json::object value{{"tiny", 1e-300}, {"huge", 1.5e300}, {"third", 1.0 / 3}, {"text", "caf\u00e9 \u2603"}};
  EXPECT_EQ(json::parse(json_text(value)), json::value(value));
}

}  // namespace
}  // namespace sluice
