#include "logplex/base/seal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "logplex/base/bytes/base64.hpp"
#include "logplex/base/bytes/hex.hpp"
#include "logplex/base/check.hpp"

namespace sluice {
namespace {

constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kNameSize = 8;
constexpr std::size_t kMostKeys = 16;
constexpr std::size_t kLargestFile = std::size_t{64} << 10;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Error wrong(std::string message) {
  return {make_error_code(boost::system::errc::invalid_argument), std::move(message)};
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::array<std::uint8_t, 32> keyed_hash(const Seal::Key& key, std::string_view text) {
  std::array<std::uint8_t, 32> out{};
  unsigned size = 0;
  SLUICE_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), out.data(),
                    &size) != nullptr);
  return out;
}

std::string hex(const std::uint8_t* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < count; ++i) (out += kDigits[bytes[i] >> 4]) += kDigits[bytes[i] & 15];
  return out;
}

std::optional<std::string> hex_decoded(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string to_url(std::string base64) {
  while (base64.ends_with('=')) base64.pop_back();
  std::replace(base64.begin(), base64.end(), '+', '-');
  std::replace(base64.begin(), base64.end(), '/', '_');
  return base64;
}

/// Accepts only the form that to_url() writes, so that each value has exactly one text.
std::optional<std::string> from_url(std::string_view text) {
  std::string base64(text);
  std::replace(base64.begin(), base64.end(), '-', '+');
  std::replace(base64.begin(), base64.end(), '_', '/');
  auto bytes = base64_decoded(base64);
  if (!bytes || to_url(base64_encoded(*bytes)) != text) return std::nullopt;
  return bytes;
}

std::optional<Seal::Key> parse_key(std::string_view text) {
  auto bytes = text.size() == 2 * Seal::kKeySize ? hex_decoded(text) : std::nullopt;
  if (!bytes) bytes = base64_decoded(text);
  if (!bytes || bytes->size() != Seal::kKeySize) return std::nullopt;
  Seal::Key key{};
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  return line;
}

/// The length prefix marks where the place ends and the value begins.
std::string nonce_input(std::string_view value, std::string_view place) {
  return std::to_string(place.size()) + ":" + std::string(place) + std::string(value);
}

result<std::string, Error> read_all(int fd, const std::string& path) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return wrong("cannot read " + path + ": " + std::strerror(errno));
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kLargestFile) return wrong(path + " is larger than 64 KiB");
  }
}

result<void, Error> check_owner(int fd, const std::string& path) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return wrong("cannot read " + path + ": " + std::strerror(errno));
  if (!S_ISREG(facts.st_mode)) return wrong(path + " is not a regular file");
  if (facts.st_uid != 0 && facts.st_uid != ::geteuid()) return wrong(path + " belongs to another user");
  if ((facts.st_mode & 077U) != 0) return wrong(path + " can be read or written by others: chmod 600 " + path);
  return {};
}

}  // namespace

Seal::Keys Seal::derive(const Key& key) {
  const auto name = keyed_hash(key, "sluice seal name");
  return {hex(name.data(), kNameSize / 2), keyed_hash(key, "sluice seal cipher"), keyed_hash(key, "sluice seal nonce")};
}

Seal::Seal(const Key& key) : keys_{derive(key)} {}

result<Seal, Error> Seal::parse(std::string_view text) {
  Seal out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
    if (line.empty() || line.front() == '#') continue;
    const auto key = parse_key(line);
    if (!key)
      return wrong("line " + std::to_string(number) + " is not a key: 32 bytes as base64 or hexadecimal digits");
    if (out.keys_.size() == kMostKeys) return wrong("there are more than 16 keys");
    out.keys_.push_back(derive(*key));
  }
  if (out.keys_.empty()) return wrong("there is no key");
  return out;
}

result<Seal, Error> Seal::read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return wrong("cannot read " + path + ": " + std::strerror(errno));
  auto checked = check_owner(fd, path);
  auto text = checked.has_error() ? result<std::string, Error>(checked.error()) : read_all(fd, path);
  ::close(fd);
  SLUICE_TRY(const std::string keys, std::move(text));
  auto seal = parse(keys);
  if (seal.has_error()) return wrong(path + ": " + seal.error().text());
  return seal;
}

const Seal::Keys* Seal::find(std::string_view name) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [name](const Keys& keys) { return keys.name == name; });
  return found == keys_.end() ? nullptr : &*found;
}

std::string_view Seal::key_name(std::string_view sealed) {
  const auto dot = sealed.find('.');
  return dot == kNameSize ? sealed.substr(0, dot) : std::string_view();
}

std::string Seal::seal(std::string_view value, std::string_view place) const {
  const auto& keys = keys_.front();
  const auto hash = keyed_hash(keys.nonce, nonce_input(value, place));
  std::string out(kNonceSize + value.size() + kTagSize, '\0');
  std::copy_n(hash.begin(), kNonceSize, out.begin());
  const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  auto* const text = bytes_of(out) + kNonceSize;
  int size = 0;
  SLUICE_CHECK(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, keys.cipher.data(), bytes_of(out)) == 1);
  SLUICE_CHECK(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(place), static_cast<int>(place.size())) == 1);
  SLUICE_CHECK(EVP_EncryptUpdate(context.get(), text, &size, bytes_of(value), static_cast<int>(value.size())) == 1);
  SLUICE_CHECK(EVP_EncryptFinal_ex(context.get(), text + size, &size) == 1);
  SLUICE_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, text + value.size()) == 1);
  return keys.name + "." + to_url(base64_encoded(out));
}

std::optional<Secret> Seal::open(std::string_view sealed, std::string_view place) const {
  const auto* const keys = find(key_name(sealed));
  if (keys == nullptr) return std::nullopt;
  auto bytes = from_url(sealed.substr(kNameSize + 1));
  if (!bytes || bytes->size() < kNonceSize + kTagSize) return std::nullopt;
  const std::size_t length = bytes->size() - kNonceSize - kTagSize;
  const auto* const text = bytes_of(std::string_view(*bytes)) + kNonceSize;
  auto* const tag = bytes_of(*bytes) + kNonceSize + length;
  std::string value(length, '\0');
  const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  const bool opened =
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, keys->cipher.data(), bytes_of(*bytes)) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(place), static_cast<int>(place.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), bytes_of(value), &size, text, static_cast<int>(length)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag) == 1 &&
      EVP_DecryptFinal_ex(context.get(), bytes_of(value) + length, &size) == 1;
  if (!opened) return std::nullopt;
  return Secret(std::move(value));
}

}  // namespace sluice
