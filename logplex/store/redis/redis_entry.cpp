#include "logplex/store/redis/redis_entry.hpp"

#include <array>

#include <boost/json/array.hpp>

#include "logplex/model/sealed_entry.hpp"
#include "logplex/net/http/content_hash.hpp"
#include "logplex/net/secret_hash.hpp"

namespace sluice {

namespace json = boost::json;

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::string hex(const KeyHash& hash) {
  std::string out;
  for (const auto byte : hash) (out += kDigits[byte >> 4]) += kDigits[byte & 15];
  return out;
}

struct Belonging {
  json::object& out;
  json::array claims{};

  void needs(const std::string& channel) { out["needs"] = channel; }
  void claim(const std::string& what, const std::string& value) { claims.emplace_back(what + ":" + value); }

  void operator()(const App& app) {
    for (const auto& domain : app.domains) claim("domain", domain);
  }
  void operator()(const Token& token) {
    needs(token.channel);
    out["group"] = "tokens:" + token.channel;
    // Claims are not sealed as values are, so store only a hash of the token value.
    claim("value", hex(hash_secret(token.value.str())));
  }
  void operator()(const Drain& drain) {
    if (!drain.global()) needs(drain.channel);
    out["group"] = drain_group(drain);
    if (!drain.reserved()) claim("url:" + drain.channel, hex(hash_secret(drain.url.reveal())));
  }
  void operator()(const Session& session) { needs(session.channel); }
  void operator()(const ApiKey& key) { claim("hash", hex(key.hash)); }
  void operator()(const Channel&) {}
  void operator()(const Credential&) {}
};

}  // namespace

std::uint64_t entry_digest(EntryKind kind, std::string_view key, std::string_view value) {
  std::string text(name_of(kind));
  text.reserve(text.size() + key.size() + value.size() + 2);
  text.append("\n").append(key).append("\n").append(value);
  const auto hash = sha1_of(text);
  std::uint64_t digest = 0;
  for (std::size_t i = 0; i < sizeof digest; ++i) digest = digest << 8 | hash[i];
  return digest;
}

std::string digest_text(std::uint64_t digest) {
  std::string out(16, '0');
  for (auto at = out.rbegin(); at != out.rend(); ++at, digest >>= 4) *at = kDigits[digest & 15];
  return out;
}

std::string drain_group(const Drain& drain) { return (drain.reserved() ? "reserved:" : "drains:") + drain.channel; }

json::object script_entry(const Entry& entry, const Seal* seal, bool with_key) {
  json::object out{{"value", encode_entry(entry, seal)}};
  if (with_key) out["key"] = key_of(entry);
  Belonging belonging{out};
  std::visit(belonging, entry);
  if (!belonging.claims.empty()) out["claims"] = std::move(belonging.claims);
  return out;
}

}  // namespace sluice
