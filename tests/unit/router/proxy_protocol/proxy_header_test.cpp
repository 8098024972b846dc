#include "router/proxy_protocol/proxy_header.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace sluice::router {
namespace {

using namespace std::string_literals;
using Progress = ProxyHeaderResult::Progress;

std::string two_bytes(std::size_t number) { return {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)}; }
std::string tlv(int type, std::string_view value) {
  return std::string(1, static_cast<char>(type)) + two_bytes(value.size()) + std::string(value);
}
std::string version_2(int version_and_command, int family, std::string_view rest) {
  return "\r\n\r\n\0\r\nQUIT\n"s + static_cast<char>(version_and_command) + static_cast<char>(family) +
         two_bytes(rest.size()) + std::string(rest);
}
/// 192.0.2.1:40000 to 198.51.100.2:443
const std::string kIpv4 = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x9c\x40\x01\xbb"s;
/// [2001:db8::1]:40000 to [2001:db8::2]:443
const std::string kIpv6 =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\x9c\x40\x01\xbb"s;

/// Bit by bit, most significant byte first.
std::string crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
  }
  return two_bytes(~crc >> 16) + two_bytes(~crc & 0xffff);
}

std::string shown(const ProxyHeader::Address& a) { return a.address.to_string() + " " + std::to_string(a.port); }

/// The error, or what the header says, and how many bytes it took.
std::string read(std::string_view bytes) {
  const ProxyHeaderResult result = parse_proxy_header(bytes);
  if (result.progress == Progress::kMore) return "more";
  if (result.progress == Progress::kError) return std::string(to_string(result.error));
  const std::string size = std::to_string(result.size) + ": ";
  if (!result.header.has_addresses) return size + "local";
  return size + shown(result.header.source) + " > " + shown(result.header.destination);
}
ProxyHeader header_of(std::string_view bytes) {
  const ProxyHeaderResult result = parse_proxy_header(bytes);
  EXPECT_EQ(result.progress, Progress::kDone) << to_string(result.error);
  return result.header;
}

TEST(ProxyHeaderVersion1, addresses_of_both_families) {
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 198.51.100.2 40000 443\r\nGET / HTTP/1.1\r\n"),
            "45: 192.0.2.1 40000 > 198.51.100.2 443");
  EXPECT_EQ(read("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"), "44: 2001:db8::1 1 > 2001:db8::2 65535");
}

TEST(ProxyHeaderVersion1, unknown_is_the_balancer_itself_whatever_follows) {
  EXPECT_EQ(read("PROXY UNKNOWN\r\n"), "15: local");
  EXPECT_EQ(read("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"), "43: local");
}

TEST(ProxyHeaderVersion1, what_is_not_exactly_right_is_refused) {
  const std::pair<const char*, const char*> cases[] = {
      {"PROXY TCP4 192.0.2.1 198.51.100.2 40000 443\n", "bad line"},         // LF without CR
      {"PROXY TCP4  192.0.2.1 198.51.100.2 40000 443\r\n", "bad line"},      // two blanks
      {"PROXY TCP4 192.0.2.1 198.51.100.2 40000\r\n", "bad line"},           // a word is missing
      {"PROXY TCP4 192.0.2.1 198.51.100.2 40000 443 \r\n", "bad line"},      // a word too many
      {"PROXY TCP5 192.0.2.1 198.51.100.2 40000 443\r\n", "bad line"},       //
      {"PROXY tcp4 192.0.2.1 198.51.100.2 40000 443\r\n", "bad line"},       //
      {"PROXY \r\n", "bad line"},                                            //
      {"PROXY TCP4 192.0.2 198.51.100.2 40000 443\r\n", "bad address"},      //
      {"PROXY TCP4 192.0.2.01 198.51.100.2 40000 443\r\n", "bad address"},   //
      {"PROXY TCP4 2001:db8::1 198.51.100.2 40000 443\r\n", "bad address"},  // of the other family
      {"PROXY TCP6 192.0.2.1 2001:db8::1 40000 443\r\n", "bad address"},     //
      {"PROXY TCP6 fe80::1%lo 2001:db8::1 40000 443\r\n", "bad address"},    // a zone
      {"PROXY TCP4 192.0.2.1\t 198.51.100.2 40000 443\r\n", "bad address"},  //
      {"PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n", "bad port"},       //
      {"PROXY TCP4 192.0.2.1 198.51.100.2 040 443\r\n", "bad port"},         //
      {"PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n", "bad port"},          //
      {"PROXY TCP4 192.0.2.1 198.51.100.2 40000 443x\r\n", "bad port"},      //
      {"PROXY TCP4 192.0.2.1 198.51.100.2 40000 \r\n", "bad port"},          //
  };
  for (const auto& [bytes, error] : cases) EXPECT_EQ(read(bytes), error) << bytes;
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1\0 198.51.100.2 40000 443\r\n"s), "bad address");
}

TEST(ProxyHeaderVersion1, a_line_has_at_most_107_bytes) {
  const auto line = [](std::size_t size) { return "PROXY UNKNOWN " + std::string(size - 16, 'x') + "\r\n"; };
  EXPECT_EQ(read(line(107)), "107: local");
  EXPECT_EQ(read(line(108)), "too long");
  EXPECT_EQ(read(line(300).substr(0, 107)), "too long");
  EXPECT_EQ(read(line(300).substr(0, 106)), "more");
}

TEST(ProxyHeaderVersion2, addresses_of_both_families) {
  EXPECT_EQ(read(version_2(0x21, 0x11, kIpv4) + "GET /"), "28: 192.0.2.1 40000 > 198.51.100.2 443");
  EXPECT_EQ(read(version_2(0x21, 0x21, kIpv6)), "52: 2001:db8::1 40000 > 2001:db8::2 443");
}

TEST(ProxyHeaderVersion2, without_tcp_addresses_the_sockets_count) {
  EXPECT_EQ(read(version_2(0x20, 0x00, "")), "16: local");
  EXPECT_EQ(read(version_2(0x20, 0x11, kIpv4)), "28: local");                    // LOCAL: addresses are to be ignored
  EXPECT_EQ(read(version_2(0x20, 0xff, "anything")), "24: local");               //
  EXPECT_EQ(read(version_2(0x21, 0x00, "anything")), "24: local");               // UNSPEC
  EXPECT_EQ(read(version_2(0x21, 0x12, kIpv4)), "28: local");                    // UDP
  EXPECT_EQ(read(version_2(0x21, 0x31, std::string(216, '\0'))), "232: local");  // Unix socket
}

TEST(ProxyHeaderVersion2, what_is_not_exactly_right_is_refused) {
  EXPECT_EQ(read(version_2(0x11, 0x11, kIpv4)), "bad version");
  EXPECT_EQ(read(version_2(0x22, 0x11, kIpv4)), "bad command");
  EXPECT_EQ(read(version_2(0x21, 0x41, kIpv4)), "bad address family");
  EXPECT_EQ(read(version_2(0x21, 0x13, kIpv4)), "bad address family");
  EXPECT_EQ(read(version_2(0x21, 0x11, kIpv4.substr(1))), "too short for its addresses");
  EXPECT_EQ(read(version_2(0x21, 0x21, kIpv4)), "too short for its addresses");
  EXPECT_EQ(read(version_2(0x21, 0x11, kIpv4 + "\x04\x00"s)), "bad TLV");       // no whole head
  EXPECT_EQ(read(version_2(0x21, 0x11, kIpv4 + "\x04\x00\x02x"s)), "bad TLV");  // longer than what is left
  EXPECT_EQ(read(version_2(0x21, 0x11, kIpv4 + tlv(0x02, "a\nb"))), "bad TLV");
  EXPECT_EQ(read(version_2(0x21, 0x11, kIpv4 + tlv(0x20, "\x01\0\0\0"s))), "bad TLV");
  EXPECT_EQ(read(version_2(0x21, 0x11, kIpv4 + tlv(0x20, "\x01\0\0\0\0"s + tlv(0x21, "TLS\x7f")))), "bad TLV");
  EXPECT_EQ(read(version_2(0x21, 0x11, kIpv4 + tlv(0x20, "\x01\0\0\0\0\x21\0\x09T"s))), "bad TLV");
}

TEST(ProxyHeaderVersion2, a_header_has_at_most_4_KiB) {
  EXPECT_EQ(read(version_2(0x20, 0x00, std::string(4080, 'x'))), "4096: local");
  EXPECT_EQ(read(version_2(0x20, 0x00, std::string(4081, 'x')).substr(0, 16)), "too long");
}

TEST(ProxyHeaderVersion2, what_the_protocol_defines_comes_once) {
  const auto twice = [](const std::string& one) { return read(version_2(0x21, 0x11, kIpv4 + one + one)); };
  EXPECT_EQ(twice(tlv(0x01, "h2")), "bad TLV");
  EXPECT_EQ(twice(tlv(0x02, "shop.example.com")), "bad TLV");
  EXPECT_EQ(twice(tlv(0x20, "\x01\0\0\0\0"s)), "bad TLV");
  EXPECT_EQ(read(version_2(0x21, 0x11, kIpv4 + tlv(0x20, "\x01\0\0\0\0"s + tlv(0x21, "a") + tlv(0x21, "b")))),
            "bad TLV");
  EXPECT_EQ(twice(tlv(0x04, "padding")), "48: 192.0.2.1 40000 > 198.51.100.2 443");
  EXPECT_EQ(twice(tlv(0xea, "vpce-1")), "46: 192.0.2.1 40000 > 198.51.100.2 443");
}

TEST(ProxyHeaderVersion2, says_what_tls_the_client_speaks) {
  const std::string tls = tlv(0x21, "TLSv1.3") + tlv(0x22, "Jörg") + tlv(0x23, "TLS_AES_128_GCM_SHA256");
  const std::string bytes = version_2(0x21, 0x11,
                                      kIpv4 + tlv(0x01, "h2") + tlv(0x02, "shop.example.com") + tlv(0x04, "padding") +
                                          tlv(0x20, "\x07\0\0\0\0"s + tls) + tlv(0xea, "vpce-1"));
  const ProxyHeader header = header_of(bytes);
  EXPECT_TRUE(header.tls);
  EXPECT_EQ(header.tls_version, "TLSv1.3");
  EXPECT_EQ(header.tls_cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(header.client_name, "Jörg");
  EXPECT_EQ(header.server_name, "shop.example.com");
  EXPECT_EQ(header.protocol, "h2");
}

TEST(ProxyHeaderVersion2, a_certificate_that_was_not_verified_names_nobody) {
  const ProxyHeader header =
      header_of(version_2(0x21, 0x11, kIpv4 + tlv(0x20, "\x07\0\0\0\x01"s + tlv(0x22, "somebody"))));
  EXPECT_TRUE(header.tls);
  EXPECT_EQ(header.client_name, "");
}

TEST(ProxyHeaderVersion2, a_checksum_has_to_match) {
  ASSERT_EQ(crc32c("123456789"), "\xe3\x06\x92\x83") << "the check value of CRC-32C";
  const auto with = [](std::string_view sum) { return version_2(0x21, 0x11, kIpv4 + tlv(0x03, sum)); };
  std::string sum = crc32c(with("\0\0\0\0"s));
  EXPECT_EQ(read(with(sum)), "35: 192.0.2.1 40000 > 198.51.100.2 443");
  EXPECT_EQ(read(version_2(0x21, 0x21, kIpv6 + tlv(0x03, sum))), "bad checksum");
  sum.back() ^= 1;
  EXPECT_EQ(read(with(sum)), "bad checksum");
  EXPECT_EQ(read(version_2(0x21, 0x11, kIpv4 + tlv(0x03, "abc"))), "bad checksum");
}

TEST(ProxyHeader, other_bytes_are_no_header) {
  for (const char* bytes : {"GET / HTTP/1.1\r\n", "PROXX", "PROXY\t", "proxy ", "\r\n\r\nGET", "\x16\x03\x01"})
    EXPECT_EQ(read(bytes), "no PROXY header") << bytes;
}

TEST(ProxyHeader, a_split_changes_nothing) {
  for (const std::string& bytes : {"PROXY TCP4 192.0.2.1 198.51.100.2 40000 443\r\n"s,
                                   version_2(0x21, 0x11, kIpv4 + tlv(0x02, "shop.example.com"))}) {
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_EQ(read(std::string_view(bytes).substr(0, size)), "more") << size;
    EXPECT_EQ(read(bytes), read(bytes + "and more"));
  }
}

}  // namespace
}  // namespace sluice::router
