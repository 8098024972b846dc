#include <cctype>

#include <gtest/gtest.h>

#include "logplex/base/bytes/copy_text.hpp"
#include "logplex/base/metrics.hpp"
#include "logplex/base/partition.hpp"
#include "logplex/base/rng.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/base/units.hpp"
#include "logplex/base/uuid.hpp"

namespace sluice {
namespace {

TEST(Bytes, reads_and_writes_units) {
  EXPECT_EQ(parse_bytes("64KiB").value(), 64_KiB);
  EXPECT_EQ(parse_bytes("16 MiB").value(), 16_MiB);
  EXPECT_EQ(parse_bytes("1GB").value().count, 1'000'000'000u);
  EXPECT_EQ(format_bytes(64_KiB), "64KiB");
  EXPECT_EQ(format_bytes({1000}), "1000");
  for (const char* text : {"", "x", "5 parsecs", "-1", "99999999999999999999", "18446744073709551615GiB"})
    EXPECT_FALSE(parse_bytes(text)) << text;
}

TEST(Duration, reads_and_writes_units) {
  EXPECT_EQ(parse_duration("250ms").value(), std::chrono::milliseconds(250));
  EXPECT_EQ(parse_duration("2h").value(), std::chrono::hours(2));
  EXPECT_EQ(format_duration(std::chrono::milliseconds(1500)), "1500ms");
  EXPECT_EQ(format_duration(std::chrono::seconds(120)), "2m");
  EXPECT_FALSE(parse_duration("5"));
  EXPECT_FALSE(parse_duration("1 year"));
}

TEST(CopyText, writes_all_of_the_text_and_nothing_else) {
  const std::string text = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    std::string out(text.size() + 2, '#');
    const char* const end = copy_text({text.data(), size}, out.data() + 1);
    EXPECT_EQ(static_cast<std::size_t>(end - out.data()), size + 1);
    EXPECT_EQ(out, "#" + text.substr(0, size) + std::string(text.size() + 1 - size, '#'));
  }
  char untouched = '#';
  EXPECT_EQ(copy_text({}, &untouched), &untouched);
}

TEST(Uuid, every_byte_at_every_place_is_a_digit_a_dash_or_refused) {
  const std::string text = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool dash = text[at] == '-';
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      const bool good = dash ? byte == '-' : byte < 128 && std::isxdigit(byte) != 0;
      const auto id = Uuid::parse(changed);
      ASSERT_EQ(id.has_value(), good) << at << ' ' << byte;
      if (!good) continue;
      changed[at] = static_cast<char>(std::tolower(byte));
      ASSERT_EQ(id->str(), changed);
    }
  }
}

TEST(Uuid, text_round_trips) {
  SeededRng rng(7);
  for (int i = 0; i < 100; ++i) {
    const Uuid id = Uuid::random(rng);
    EXPECT_EQ(Uuid::parse(id.str()), id);
    EXPECT_EQ(id.str()[14], '4');
  }
  EXPECT_FALSE(Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c"));
  EXPECT_FALSE(Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430cg"));
  EXPECT_FALSE(Uuid::parse("6ba7b810x9dad-11d1-80b4-00c04fd430c8"));
}

TEST(SystemRng, does_not_repeat) {
  SystemRng rng;
  std::array<std::byte, 10000> a{};
  std::array<std::byte, 10000> b{};
  rng.fill(a);
  rng.fill(b);
  EXPECT_NE(a, b);
}

TEST(Secret, compares_by_value) {
  const Secret secret("abc");
  EXPECT_TRUE(secret.matches("abc"));
  EXPECT_FALSE(secret.matches("abd"));
  EXPECT_FALSE(secret.matches("abcd"));
}

TEST(Partition, is_stable_and_shards_cover_all) {
  EXPECT_EQ(partition_of(""), 0xef46db3751d8e999ULL % kPartitions);  // XXH64 of nothing, from its specification
}

TEST(Portion, is_a_count_a_percentage_or_a_multiple) {
  EXPECT_EQ(parse_portion("200")->of(7), 200u);
  EXPECT_EQ(parse_portion("2MiB")->of(7), 2u << 20);
  EXPECT_EQ(parse_portion("10%")->of(20'000), 2'000u);
  EXPECT_EQ(parse_portion("10x")->of(500), 5'000u);
  EXPECT_EQ(parse_portion("100%")->of(UINT64_MAX), UINT64_MAX);
  EXPECT_EQ(parse_portion("10x")->of(UINT64_MAX), UINT64_MAX);
  for (const char* text : {"", "%", "x", "101%", "-1", "1.5x", "1 %", "ten", "2Mi", "2MiBx"})
    EXPECT_FALSE(parse_portion(text)) << text;
}

TEST(MetricsPage, sums_samples_of_shards) {
  MetricsPage a;
  MetricsPage b;
  a.counter("sluice_x_total", "Help.", 2, {{"k", "v"}});
  b.counter("sluice_x_total", "Help.", 3, {{"k", "v"}});
  a.merge(b);
  EXPECT_NE(a.text().find("sluice_x_total{k=\"v\"} 5"), std::string::npos) << a.text();
}

}  // namespace
}  // namespace sluice
