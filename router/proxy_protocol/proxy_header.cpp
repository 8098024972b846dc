#include "router/proxy_protocol/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/crc.hpp>

namespace sluice::router {
namespace {

namespace ip = boost::asio::ip;
using Progress = ProxyHeaderResult::Progress;

constexpr std::string_view kSignature1 = "PROXY ";
constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kLongestLine = 107;  // with CRLF
constexpr std::size_t kFixedPart = 16;     // of version 2: signature, version and command, family, length

ProxyHeaderResult failed(ProxyHeaderError error) {
  return {.progress = Progress::kError, .error = error, .header = {}};
}

/// One has begun like the other, as far as both go.
bool begins_alike(std::string_view a, std::string_view b) {
  const std::size_t size = std::min(a.size(), b.size());
  return a.substr(0, size) == b.substr(0, size);
}

// --- version 1 ---

/// Cuts the next word and the blank behind it off the line.
std::string_view cut_word(std::string_view& line) {
  const std::size_t blank = line.find(' ');
  const std::string_view word = line.substr(0, blank);
  line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  return word;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return port;
}

std::optional<ip::address> read_address(std::string_view text, bool v6) {
  std::array<char, 46> copy{};  // inet_pton(3) wants a zero behind it; 45 is the longest form
  if (text.empty() || text.size() >= copy.size()) return std::nullopt;
  std::memcpy(copy.data(), text.data(), text.size());
  if (std::memchr(copy.data(), '%', text.size()) != nullptr) return std::nullopt;  // a zone means nothing here
  boost::system::error_code error;
  const ip::address address =
      v6 ? ip::address(ip::make_address_v6(copy.data(), error)) : ip::address(ip::make_address_v4(copy.data(), error));
  if (error || std::strlen(copy.data()) != text.size()) return std::nullopt;
  return address;
}

/// `line` without "PROXY " and CRLF.
ProxyHeaderError read_line(std::string_view line, ProxyHeader& header) {
  const std::string_view family = cut_word(line);
  if (family == "UNKNOWN") return ProxyHeaderError::kNone;  // whatever follows is to be ignored
  if (family != "TCP4" && family != "TCP6") return ProxyHeaderError::kBadLine;
  if (std::count(line.begin(), line.end(), ' ') != 3) return ProxyHeaderError::kBadLine;
  const auto source = read_address(cut_word(line), family == "TCP6");
  const auto destination = read_address(cut_word(line), family == "TCP6");
  if (!source || !destination) return ProxyHeaderError::kBadAddress;
  const auto source_port = read_port(cut_word(line));
  const auto destination_port = read_port(line);
  if (!source_port || !destination_port) return ProxyHeaderError::kBadPort;
  header.source = {*source, *source_port};
  header.destination = {*destination, *destination_port};
  header.has_addresses = true;
  return ProxyHeaderError::kNone;
}

ProxyHeaderResult parse_version_1(std::string_view bytes) {
  const std::size_t lf = bytes.substr(0, kLongestLine).find('\n');
  if (lf == std::string_view::npos) {
    if (bytes.size() >= kLongestLine) return failed(ProxyHeaderError::kTooLong);
    return {.header = {}};
  }
  if (bytes[lf - 1] != '\r') return failed(ProxyHeaderError::kBadLine);
  ProxyHeaderResult result{.progress = Progress::kDone, .size = lf + 1, .header = {}};
  const std::string_view line = bytes.substr(kSignature1.size(), lf - 1 - kSignature1.size());
  if (const auto error = read_line(line, result.header); error != ProxyHeaderError::kNone) return failed(error);
  return result;
}

// --- version 2 ---

enum class Tlv : std::uint8_t { kAlpn = 0x01, kAuthority = 0x02, kCrc32c = 0x03, kSsl = 0x20 };
enum class SslTlv : std::uint8_t { kVersion = 0x21, kClientName = 0x22, kCipher = 0x23 };
constexpr std::uint8_t kClientSpeaksTls = 0x01;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
std::uint16_t read_16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}
std::uint32_t read_32(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(read_16(bytes, at)) << 16 | read_16(bytes, at + 2);
}

template <class Address>
ip::address address_from(std::string_view bytes, std::size_t at) {
  typename Address::bytes_type raw{};
  std::memcpy(raw.data(), bytes.data() + at, raw.size());
  return Address(raw);
}

/// Both addresses, then both ports.
template <class Address>
void read_addresses(std::string_view bytes, ProxyHeader& header) {
  constexpr std::size_t kSize = std::tuple_size_v<typename Address::bytes_type>;
  header.source = {address_from<Address>(bytes, 0), read_16(bytes, 2 * kSize)};
  header.destination = {address_from<Address>(bytes, kSize), read_16(bytes, 2 * kSize + 2)};
  header.has_addresses = true;
}

/// A text that may stand in a log line or be compared with a name.
bool is_text(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

/// Walks type-length-values until the end, or until a bad one: then `good` is false. Bad is one that does not fit, and
/// one whose type has come before: nobody could tell which of the two counts, and each checksum costs a pass over the
/// header. Padding and the types of single vendors may repeat.
struct TlvWalk {
  static constexpr std::uint8_t kPadding = 0x04;
  static constexpr std::uint8_t kRegistered = 0x40;  // types below are the protocol's own

  explicit TlvWalk(std::string_view bytes) : rest(bytes) {}

  std::string_view rest;
  std::uint8_t type = 0;
  std::string_view value;
  bool good = true;
  std::uint64_t seen = 0;  // bit t: type t has come

  bool next() {
    if (rest.empty()) return false;
    good = rest.size() >= 3 && rest.size() - 3 >= read_16(rest, 1) && is_first(byte_at(rest, 0));
    if (!good) return false;
    type = byte_at(rest, 0);
    value = rest.substr(3, read_16(rest, 1));
    rest.remove_prefix(3 + value.size());
    return true;
  }
  bool is_first(std::uint8_t of_type) {
    if (of_type >= kRegistered || of_type == kPadding) return true;
    const std::uint64_t bit = std::uint64_t{1} << of_type;
    const bool first = (seen & bit) == 0;
    seen |= bit;
    return first;
  }
};

bool take_text(std::string_view value, std::string_view& into) {
  into = value;
  return is_text(value);
}

/// PP2_TYPE_SSL: a byte of flags, four bytes that are 0 when the client's certificate was verified, then TLVs.
bool read_ssl(std::string_view value, ProxyHeader& header) {
  if (value.size() < 5) return false;
  header.tls = (byte_at(value, 0) & kClientSpeaksTls) != 0;
  const bool verified = read_32(value, 1) == 0;
  TlvWalk walk(value.substr(5));
  while (walk.next()) {
    bool good = true;
    switch (static_cast<SslTlv>(walk.type)) {
      case SslTlv::kVersion:
        good = take_text(walk.value, header.tls_version);
        break;
      case SslTlv::kCipher:
        good = take_text(walk.value, header.tls_cipher);
        break;
      case SslTlv::kClientName:
        good = is_text(walk.value);
        if (verified) header.client_name = walk.value;
        break;
      default:
        break;
    }
    if (!good) return false;
  }
  return walk.good;
}

/// PP2_TYPE_CRC32C: of the whole header, in which the sum itself counts as zero.
bool checksum_matches(std::string_view whole, std::string_view sum) {
  if (sum.size() != 4) return false;
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  constexpr std::array<char, 4> kZero{};
  crc.process_block(whole.data(), sum.data());
  crc.process_block(kZero.data(), kZero.data() + kZero.size());
  crc.process_block(sum.data() + sum.size(), whole.data() + whole.size());
  return crc.checksum() == read_32(sum, 0);
}

ProxyHeaderError read_tlvs(std::string_view whole, std::size_t at, ProxyHeader& header) {
  TlvWalk walk(whole.substr(at));
  while (walk.next()) {
    bool good = true;
    switch (static_cast<Tlv>(walk.type)) {
      case Tlv::kAlpn:
        good = take_text(walk.value, header.protocol);
        break;
      case Tlv::kAuthority:
        good = take_text(walk.value, header.server_name);
        break;
      case Tlv::kSsl:
        good = read_ssl(walk.value, header);
        break;
      case Tlv::kCrc32c:
        if (!checksum_matches(whole, walk.value)) return ProxyHeaderError::kBadChecksum;
        break;
      default:
        break;  // of balancers, such as a network namespace or an endpoint's id
    }
    if (!good) return ProxyHeaderError::kBadTlv;
  }
  return walk.good ? ProxyHeaderError::kNone : ProxyHeaderError::kBadTlv;
}

/// Sizes of the addresses by family: unspecified, IPv4, IPv6, Unix.
constexpr std::array<std::size_t, 4> kAddressSizes = {0, 12, 36, 216};

/// `whole` is the complete header, with command PROXY.
ProxyHeaderError read_proxied(std::string_view whole, ProxyHeader& header) {
  const unsigned family = byte_at(whole, 13) >> 4;
  const unsigned transport = byte_at(whole, 13) & 0x0f;
  if (family >= kAddressSizes.size() || transport > 2) return ProxyHeaderError::kBadFamily;
  const std::string_view addresses = whole.substr(kFixedPart);
  if (addresses.size() < kAddressSizes[family]) return ProxyHeaderError::kBadLength;
  if (family == 0) return ProxyHeaderError::kNone;  // section 2.2: everything behind is to be skipped
  const bool stream = transport == 1;
  if (family == 1 && stream) read_addresses<ip::address_v4>(addresses, header);
  if (family == 2 && stream) read_addresses<ip::address_v6>(addresses, header);
  return read_tlvs(whole, kFixedPart + kAddressSizes[family], header);
}

ProxyHeaderResult parse_version_2(std::string_view bytes) {
  if (bytes.size() < kFixedPart) return {.header = {}};
  const unsigned command = byte_at(bytes, 12) & 0x0f;
  if (byte_at(bytes, 12) >> 4 != 2) return failed(ProxyHeaderError::kBadVersion);
  if (command > 1) return failed(ProxyHeaderError::kBadCommand);
  const std::size_t size = kFixedPart + read_16(bytes, 14);
  if (size > kLongestProxyHeader) return failed(ProxyHeaderError::kTooLong);
  if (bytes.size() < size) return {.header = {}};
  ProxyHeaderResult result{.progress = Progress::kDone, .size = size, .header = {}};
  if (command == 0) return result;  // LOCAL: the balancer speaks for itself
  if (const auto error = read_proxied(bytes.substr(0, size), result.header); error != ProxyHeaderError::kNone)
    return failed(error);
  return result;
}

}  // namespace

ProxyHeaderResult parse_proxy_header(std::string_view bytes) {
  const bool like_1 = begins_alike(bytes, kSignature1);
  const bool like_2 = begins_alike(bytes, kSignature2);
  if (!like_1 && !like_2) return failed(ProxyHeaderError::kNoHeader);
  if (like_1 && bytes.size() >= kSignature1.size()) return parse_version_1(bytes);
  if (like_2 && bytes.size() >= kSignature2.size()) return parse_version_2(bytes);
  return {.header = {}};
}

std::string_view to_string(ProxyHeaderError error) {
  switch (error) {
    case ProxyHeaderError::kNone:
      return "none";
    case ProxyHeaderError::kNoHeader:
      return "no PROXY header";
    case ProxyHeaderError::kTooLong:
      return "too long";
    case ProxyHeaderError::kBadLine:
      return "bad line";
    case ProxyHeaderError::kBadAddress:
      return "bad address";
    case ProxyHeaderError::kBadPort:
      return "bad port";
    case ProxyHeaderError::kBadVersion:
      return "bad version";
    case ProxyHeaderError::kBadCommand:
      return "bad command";
    case ProxyHeaderError::kBadFamily:
      return "bad address family";
    case ProxyHeaderError::kBadLength:
      return "too short for its addresses";
    case ProxyHeaderError::kBadTlv:
      return "bad TLV";
    case ProxyHeaderError::kBadChecksum:
      return "bad checksum";
  }
  return "unknown";
}

}  // namespace sluice::router
