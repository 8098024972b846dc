#include "logplex/wire/passed.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

PassedLogs logs(std::initializer_list<std::uint64_t> ids) {
  PassedLogs made;
  for (const std::uint64_t id : ids) made.add(id);
  return made;
}

PassedRuns runs(std::initializer_list<PassedLogs> by_message) {
  PassedRuns made;
  std::uint64_t message = 0;
  for (const PassedLogs& of : by_message) made.add(message++, of.view());
  return made;
}

TEST(PassedLogs, are_a_bounded_set) {
  PassedLogs some = logs({1, 2, 1});
  EXPECT_EQ(some.ids().size(), 2u);
  for (std::uint64_t id = 3; id <= PassedView::kMost; ++id) EXPECT_TRUE(some.add(id));
  EXPECT_FALSE(some.add(99));
  EXPECT_TRUE(some.add(2));
}

TEST(PassedRuns, are_told_by_log_and_counted_from_one) {
  const PassedRuns some = runs({logs({0xa}), logs({0xa}), {}, logs({0xa, 0xb}), logs({0xa})});
  EXPECT_EQ(some.text(), "000000000000000a=1-2,4,5;000000000000000b=4");
  EXPECT_EQ(runs({{}, {}}).text(), "");
}

TEST(PassedRuns, a_part_begins_anew) {
  const PassedRuns some = runs({logs({1}), logs({1}), {}, logs({2}), logs({2})});
  EXPECT_EQ(some.part(1, 4).text(), "0000000000000001=1;0000000000000002=3");
  EXPECT_EQ(some.part(2, 3).text(), "");
}

TEST(PassedRuns, are_full_before_they_are_too_long_for_a_field) {
  PassedRuns some;
  std::uint64_t message = 0;
  while (!some.full()) some.add(message++, logs({1 + message % 2, 3, 4}).view());
  EXPECT_LE(some.text().size(), 4096u);
  EXPECT_GT(message, 30u);
}

TEST(PassedFields, what_runs_say_is_understood) {
  const PassedRuns said = runs({logs({0xa}), {}, logs({0xa, 0xb})});
  PassedFields fields;
  fields.add_origin("000000000000000c");
  fields.add_passed(said.text());
  const auto stretches = fields.stretches().value();
  ASSERT_EQ(stretches.size(), 4u);
  EXPECT_EQ(stretches[0].logs, logs({0xc, 0xa}));
  EXPECT_EQ(stretches[0].last, 0u);
  EXPECT_EQ(stretches[1].logs, logs({0xc}));
  EXPECT_EQ(stretches[2].logs, logs({0xc, 0xa, 0xb}));
  EXPECT_EQ(stretches[3].logs, logs({0xc}));
  EXPECT_EQ(stretches[3].last, ~std::uint64_t{0});
}

TEST(PassedFields, lists_may_be_joined_and_an_id_alone_stands_for_all) {
  PassedFields fields;
  fields.add_origin("a, b");
  fields.add_passed(" c ; d=2");
  EXPECT_EQ(fields.of_all(), (std::vector<std::uint64_t>{0xa, 0xb, 0xc}));
  EXPECT_EQ(fields.stretches().value().at(1).logs, logs({0xa, 0xb, 0xc, 0xd}));
}

TEST(PassedFields, what_is_not_understood_says_nothing) {
  PassedFields fields;
  fields.add_origin("x,,1g, 11111111111111111");
  fields.add_passed("=1;y=1;7=0;7=3-2;7=a;7=1-;7=-1;7=;;");
  EXPECT_TRUE(fields.empty());
  fields.add_passed("7=1-18446744073709551615");
  EXPECT_EQ(fields.stretches().value().at(0).logs, logs({7}));
}

TEST(PassedFields, too_many_logs_are_none_and_too_many_ranges_nothing) {
  PassedFields fields;
  std::string ids;
  for (int id = 1; id <= 16; ++id) ids += std::to_string(id) + "=2;";
  fields.add_passed(ids);
  const auto stretches = fields.stretches().value();
  EXPECT_TRUE(stretches.at(0).logs);
  EXPECT_FALSE(stretches.at(1).logs);
  for (int id = 0; id < 20; ++id) fields.add_passed(ids);
  EXPECT_FALSE(fields.stretches());
}

}  // namespace
}  // namespace sluice
