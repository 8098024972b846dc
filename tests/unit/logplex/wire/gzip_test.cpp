#include "logplex/wire/gzip.hpp"

#include <string>

#include <gtest/gtest.h>

#include "logplex/base/rng.hpp"

namespace sluice {
namespace {

/// The whole of it at once.
result<std::string> gunzip(std::string_view bytes, std::size_t limit) {
  GzipReader reader(limit);
  std::string out;
  SLUICE_TRY_VOID(reader.feed(bytes, out));
  SLUICE_TRY_VOID(reader.finish());
  return out;
}

constexpr std::size_t kLimit = 1 << 20;

/// `printf 'hello' | gzip -n`: bytes that are not ours.
const std::string kForeign(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00", 25);

std::string random_text(std::uint64_t seed, std::size_t size) {
  SeededRng rng(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>('a' + rng.next() % 16);
  return text;
}

TEST(Gunzip, reads_what_gzip_wrote) {
  EXPECT_EQ(gunzip(kForeign, kLimit).value(), "hello");
  for (const std::size_t size : {0u, 1u, 16384u, 16385u, 200000u}) {
    const std::string text = random_text(size, size);
    EXPECT_EQ(gunzip(gzip(text), kLimit).value(), text);
  }
}

TEST(Gunzip, members_are_joined) { EXPECT_EQ(gunzip(kForeign + gzip(" world"), kLimit).value(), "hello world"); }

TEST(Gunzip, limit_is_exact) {
  const std::string text = random_text(1, 50000);
  EXPECT_EQ(gunzip(gzip(text), 50000).value(), text);
  EXPECT_EQ(gunzip(gzip(text), 49999).error(), WireError::kTooLarge);
}

TEST(Gunzip, a_bomb_stops_at_the_limit) {
  const std::string bomb = gzip(std::string(50 << 20, '\0'));
  GzipReader reader(kLimit);
  std::string out;
  EXPECT_EQ(reader.feed(bomb, out).error(), WireError::kTooLarge);
  EXPECT_LE(out.size(), kLimit);
}

TEST(Gunzip, cut_or_damaged_input_is_bad) {
  const std::string good = gzip(random_text(2, 5000));
  for (std::size_t size = 0; size < good.size(); size += 7)
    EXPECT_EQ(gunzip(good.substr(0, size), kLimit).error(), WireError::kBadGzip) << size;
  for (std::size_t at = 10; at < good.size(); at += 11) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x5a);
    EXPECT_FALSE(gunzip(bad, kLimit)) << at;
  }
  EXPECT_EQ(gunzip("plain text", kLimit).error(), WireError::kBadGzip);
  EXPECT_EQ(gunzip(good + "trailing", kLimit).error(), WireError::kBadGzip);
}

TEST(GzipReader, splitting_at_any_byte_changes_nothing) {
  const std::string text = random_text(3, 300);
  const std::string packed = gzip(text) + kForeign;
  for (std::size_t cut = 0; cut <= packed.size(); ++cut) {
    GzipReader reader(kLimit);
    std::string out;
    ASSERT_TRUE(reader.feed(packed.substr(0, cut), out));
    ASSERT_TRUE(reader.feed(packed.substr(cut), out));
    EXPECT_TRUE(reader.finish());
    EXPECT_EQ(out, text + "hello");
  }
}

}  // namespace
}  // namespace sluice
