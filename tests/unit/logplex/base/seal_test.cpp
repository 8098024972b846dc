#include "logplex/base/seal.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "logplex/base/bytes/base64.hpp"

namespace sluice {
namespace {

const std::string kHex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const std::string kOther = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

Seal with(const std::string& text) { return Seal::parse(text).value(); }

TEST(Seal, what_is_sealed_opens_at_its_place_only) {
  const auto seal = with(kHex);
  for (const std::string& value :
       {std::string(), std::string("x"), std::string(100'000, 'k'), std::string("\0\n\xff", 3)}) {
    const auto text = seal.seal(value, "drain\n7\nurl");
    ASSERT_TRUE(seal.open(text, "drain\n7\nurl"));
    EXPECT_EQ(seal.open(text, "drain\n7\nurl")->reveal(), value);
    EXPECT_FALSE(seal.open(text, "drain\n8\nurl"));
    EXPECT_FALSE(seal.open(text, ""));
    EXPECT_TRUE(value.size() < 8 || text.find(value) == std::string::npos);
  }
}

TEST(Seal, a_change_of_any_byte_is_seen) {
  const auto seal = with(kHex);
  const auto text = seal.seal("syslog://user:password@host", "here");
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto changed = text;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(seal.open(changed, "here")) << at;
    EXPECT_FALSE(seal.open(std::string_view(text).substr(0, at), "here")) << at;
  }
  EXPECT_FALSE(seal.open(text + "=", "here"));
}

TEST(Seal, the_same_value_gives_the_same_text_and_another_one_a_different_nonce) {
  const auto seal = with(kHex);
  EXPECT_EQ(seal.seal("a", "here"), seal.seal("a", "here"));
  const auto nonce = [&](const char* value, const char* place) { return seal.seal(value, place).substr(9, 16); };
  EXPECT_NE(nonce("a", "here"), nonce("b", "here"));
  EXPECT_NE(nonce("a", "here"), nonce("a", "there"));
  EXPECT_NE(nonce("bc", "a"), nonce("c", "ab"));
}

TEST(Seal, older_keys_open_and_the_first_one_seals) {
  const auto before = with(kOther);
  const auto rotated = with("# new\n" + kHex + "\n\n" + kOther + "\n");
  const auto after = with(kHex);
  const auto old_text = before.seal("secret", "here");
  EXPECT_EQ(rotated.open(old_text, "here")->reveal(), "secret");
  EXPECT_FALSE(after.open(old_text, "here"));
  EXPECT_EQ(Seal::key_name(old_text), before.current());
  EXPECT_TRUE(rotated.has_key(Seal::key_name(old_text)));
  EXPECT_FALSE(after.has_key(Seal::key_name(old_text)));
  EXPECT_EQ(rotated.current(), after.current());
  EXPECT_TRUE(after.open(rotated.seal("secret", "here"), "here"));
}

TEST(Seal, hexadecimal_digits_and_base64_are_the_same_key) {
  std::string bytes;
  for (char c = 0; c < 32; ++c) bytes += c;
  EXPECT_EQ(with(base64_encoded(bytes) + "\r\n").current(), with(kHex).current());
}

TEST(Seal, what_is_no_key_is_named_by_its_line) {
  EXPECT_EQ(Seal::parse("").error().message, "there is no key");
  EXPECT_EQ(Seal::parse("# only\n\n").error().message, "there is no key");
  for (const auto* bad : {"00", "password", "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}) {
    const auto error = Seal::parse(kHex + "\n" + bad).error().message;
    EXPECT_EQ(error, "line 2 is not a key: 32 bytes as base64 or hexadecimal digits");
  }
}

TEST(Seal, a_file_that_others_can_read_is_refused) {
  const std::string path = testing::TempDir() + "seal_test." + std::to_string(::getpid());
  std::ofstream(path) << kHex << "\n";
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_NE(Seal::read_file(path).error().message.find("can be read or written by others"), std::string::npos);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(Seal::read_file(path).value().current(), with(kHex).current());
  std::ofstream(path) << "short\n";
  EXPECT_EQ(Seal::read_file(path).error().message.find(path + ": line 1"), 0U);
  ::unlink(path.c_str());
  EXPECT_TRUE(Seal::read_file(path).has_error());
  EXPECT_TRUE(Seal::read_file(testing::TempDir()).has_error());
}

}  // namespace
}  // namespace sluice
