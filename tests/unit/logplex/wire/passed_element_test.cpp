#include "logplex/wire/passed_element.hpp"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace sluice {
namespace {

struct Taken {
  std::string left;
  std::vector<std::uint64_t> ids;
  bool few;
};

Taken taken(std::string_view elements) {
  std::string others;
  PassedLogs logs;
  const bool few = take_passed_elements(elements, others, logs);
  return {std::string(elements), {logs.ids().begin(), logs.ids().end()}, few};
}

using Ids = std::vector<std::uint64_t>;
const std::string kOne = "[sluice@32473 passed=\"0000000000000007,fedcba9876543210\"]";

TEST(PassedElement, is_written_with_16_digits_and_each_id_once) {
  const std::uint64_t before[] = {7, 3};
  std::string out;
  append_passed_element(out, std::array<std::uint64_t, 3>{7, 0, 0xfedcba9876543210}, {});
  EXPECT_EQ(out, kOne);
  append_passed_element(out, std::array<std::uint64_t, 1>{3}, {before, 2});
  EXPECT_EQ(out, kOne + "[sluice@32473 passed=\"0000000000000003,0000000000000007\"]");
  out.clear();
  append_passed_element(out, std::array<std::uint64_t, 2>{0, 0}, {});
  EXPECT_EQ(out, "");
}

TEST(PassedElement, is_taken_out_wherever_it_stands) {
  const Ids ids{7, 0xfedcba9876543210};
  EXPECT_EQ(taken(kOne).left, "-");
  EXPECT_EQ(taken(kOne).ids, ids);
  EXPECT_EQ(taken("[a k=\"v\"]" + kOne + "[b k=\"v\"]").left, "[a k=\"v\"][b k=\"v\"]");
  EXPECT_EQ(taken("[a k=\"v\"]" + kOne + "[b k=\"v\"]").ids, ids);
  EXPECT_EQ(taken(kOne + "[sluice@32473 passed=\"0000000000000003\"]").ids, (Ids{7, 0xfedcba9876543210, 3}));
}

TEST(PassedElement, in_a_value_it_is_none) {
  const std::string inside = "[a k=\"[sluice@32473 passed=0000000000000007\"]";
  EXPECT_EQ(taken(inside).left, inside);
  EXPECT_EQ(taken(inside).ids, Ids{});
  EXPECT_EQ(taken("-").left, "-");
}

TEST(PassedElement, what_is_not_understood_says_nothing) {
  for (const char* value : {"7", "000000000000000g", "+000000000000007", "0x00000000000007", " 0000000000000007", ""}) {
    const auto found = taken(std::string("[sluice@32473 passed=\"") + value + "\"]");
    EXPECT_EQ(found.left, "-") << value;
    EXPECT_EQ(found.ids, Ids{}) << value;
    EXPECT_TRUE(found.few) << value;
  }
  EXPECT_EQ(taken("[sluice@32473 came=\"0000000000000007\"]").ids, Ids{});
}

TEST(PassedElement, names_fifteen_logs_at_most) {
  const auto with = [](std::uint64_t count) {
    std::string elements;
    for (std::uint64_t id = 1; id <= count; ++id) append_passed_element(elements, std::array{id}, {});
    return taken(elements);
  };
  EXPECT_TRUE(with(15).few);
  EXPECT_EQ(with(15).ids.size(), 15u);
  EXPECT_FALSE(with(16).few);
}

}  // namespace
}  // namespace sluice
