#include "logplex/model/acceptable.hpp"

#include <algorithm>
#include <set>

#include "logplex/base/bytes/utf8.hpp"
#include "logplex/model/config_error.hpp"
#include "logplex/model/names.hpp"

namespace sluice {
namespace {

/// Bytes of an incarnation that is stored beside an id, with quotes and commas.
constexpr std::size_t kIncarnationBytes = 22;

constexpr std::uint32_t kMaxRequests = 1'000'000;
constexpr std::uint32_t kMaxWeight = 1000;

bool is_header_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= kNameMax && std::all_of(name.begin(), name.end(), fits);
}

/// Checks only the form; the drains check what a scheme means.
result<void, Error> check_url(const std::string& url) {
  const auto scheme = url.find("://");
  if (url.size() > kUrlMax) return invalid("url must be at most 8192 bytes");
  if (scheme == std::string::npos || scheme == 0 || scheme + 3 == url.size() || !is_plain_text(url) ||
      url.find(' ') != std::string::npos)
    return invalid("url must be scheme://host");
  return {};
}

result<void, Error> check_headers(const Drain& drain) {
  if (drain.headers.size() > kHeadersMax) return invalid("headers must be at most 64");
  for (const auto& [name, value] : drain.headers) {
    if (!is_header_name(name)) return invalid("headers: a name is not a valid HTTP header name");
    if (is_reserved_header(name)) return invalid("headers: Sluice sets " + name + " itself");
    if (value.reveal().size() > kHeaderMax || !is_plain_text(value.reveal()))
      return invalid("headers: the value of " + name + " is too long or holds control characters");
  }
  return {};
}

/// PEM is ASCII; whoever makes a connection with it checks the contents.
result<void, Error> check_pem(const char* field, const std::string& pem) {
  if (pem.size() > kPemMax) return invalid(std::string(field) + " must be at most 256 KiB");
  if (!is_utf8(pem) || pem.find('\0') != std::string::npos)
    return invalid(std::string(field) + " must be text in PEM form");
  return {};
}

result<void, Error> check_domains(const App& app) {
  if (app.domains.size() > kDomainsMax) return over_limit("maximum number of domains reached");
  std::set<std::string_view> seen;
  for (const auto& domain : app.domains) {
    const auto normal = normal_domain(domain);
    if (normal.has_error()) return invalid("domains: " + normal.error().message);
    if (*normal != domain) return invalid("domains: a domain is not in lower case, or ends in a dot");
    if (!seen.insert(domain).second) return invalid("domains: a domain is given twice");
  }
  return {};
}

result<void, Error> check_backends(const App& app) {
  if (app.backends.size() > kBackendsMax) return over_limit("maximum number of backends reached");
  std::set<std::string_view> seen;
  for (const auto& backend : app.backends) {
    if (const auto checked = acceptable(backend); checked.has_error())
      return invalid("backends: " + checked.error().message);
    if (!seen.insert(backend.name).second) return invalid("backends: backend " + backend.name + " is given twice");
  }
  return {};
}

result<void, Error> check_end(std::optional<WallTime> end) {
  if (end && (*end > kLastEnd || *end < WallTime{})) return invalid("expires is out of range");
  return {};
}

result<void, Error> check_plain_id(const char* field, std::string_view id) {
  if (check_channel_id(id).has_error()) return invalid(std::string(field) + " is not acceptable");
  return {};
}

constexpr std::size_t kEntryOverhead = 64;
constexpr std::size_t kSecretOverhead = 32;

std::size_t bytes_of(const std::string& text) { return text.empty() ? 0 : text.size() + 16; }
std::size_t bytes_of(const Secret& secret) { return secret.empty() ? 0 : secret.reveal().size() + kSecretOverhead; }

struct StoredBytes {
  std::size_t operator()(const App& app) const { return stored_bytes(app); }
  std::size_t operator()(const Token& token) const { return stored_bytes(token); }
  std::size_t operator()(const Drain& drain) const { return stored_bytes(drain); }
  std::size_t operator()(const Channel& channel) const {
    return kEntryOverhead + channel.id.size() + channel.name.size();
  }
  std::size_t operator()(const Session& session) const {
    return 2 * kEntryOverhead + session.channel.size() + session.query.size();
  }
  std::size_t operator()(const ApiKey& key) const {
    std::size_t bytes = 3 * kEntryOverhead + key.name.size() + bytes_of(key.root);
    if (key.limited())
      for (const auto& channel : *key.channels) bytes += channel.id.size() + kIncarnationBytes;
    return bytes;
  }
  std::size_t operator()(const Credential& credential) const {
    return 3 * kEntryOverhead + credential.id.size() + credential.name.size();
  }
};

result<void, Error> check_key_channels(const KeyChannels& channels) {
  if (channels.size() > kKeyChannelsMax) return invalid("channels must be at most 1000");
  for (const auto& channel : channels)
    if (const auto checked = check_channel_id(channel.id); checked.has_error())
      return invalid("channels: " + checked.error().message);
  return {};
}

}  // namespace

result<void, Error> acceptable(const Backend& backend) {
  SLUICE_TRY_VOID(check_backend_name(backend.name));
  SLUICE_TRY_VOID(normal_address(backend.address));
  if (backend.soft > kMaxRequests) return invalid("soft must be at most 1000000");
  if (backend.hard > kMaxRequests) return invalid("hard must be at most 1000000");
  if (backend.weight < 1 || backend.weight > kMaxWeight) return invalid("weight must be from 1 to 1000");
  return {};
}

result<void, Error> acceptable(const App& app) {
  SLUICE_TRY_VOID(check_app_name(app.name));
  SLUICE_TRY_VOID(check_domains(app));
  return check_backends(app);
}

result<void, Error> acceptable(const Channel& channel) {
  SLUICE_TRY_VOID(check_channel_id(channel.id));
  return check_label("channel name", channel.name);
}

result<void, Error> acceptable(const Token& token) {
  SLUICE_TRY_VOID(check_channel_id(token.channel));
  return check_token_name(token.name);
}

result<void, Error> acceptable(const Drain& drain) {
  if (drain.id == 0 || drain.id > kDrainIdMax) return invalid("drain id is out of range");
  if (!drain.global()) SLUICE_TRY_VOID(check_channel_id(drain.channel));
  if (!drain.reserved()) SLUICE_TRY_VOID(check_url(drain.url.reveal()));
  SLUICE_TRY_VOID(check_label("format", drain.format));
  if (drain.filter.size() > kFilterMax || !is_plain_text(drain.filter))
    return invalid("filter must be at most 4096 bytes without control characters");
  SLUICE_TRY_VOID(check_headers(drain));
  SLUICE_TRY_VOID(check_pem("ca", drain.ca));
  SLUICE_TRY_VOID(check_pem("client_cert", drain.client_cert));
  SLUICE_TRY_VOID(check_pem("client_key", drain.client_key.reveal()));
  if (drain.secret.reveal().size() > kSecretMax) return invalid("secret must be at most 8 KiB");
  if (!is_utf8(drain.secret.reveal())) return invalid("secret must be text");
  return {};
}

result<void, Error> acceptable(const Session& session) {
  SLUICE_TRY_VOID(check_channel_id(session.channel));
  if (session.query.size() > kQueryMax || !is_utf8(session.query)) return invalid("session must be at most 16 KiB");
  return check_end(session.expires);
}

result<void, Error> acceptable(const ApiKey& key) {
  SLUICE_TRY_VOID(check_plain_id("key id", key.id));
  SLUICE_TRY_VOID(check_label("name", key.name));
  if (!key.root.empty()) SLUICE_TRY_VOID(check_plain_id("root", key.root));
  if (key.limited()) SLUICE_TRY_VOID(check_key_channels(*key.channels));
  return check_end(key.expires);
}

result<void, Error> acceptable(const Credential& credential) {
  SLUICE_TRY_VOID(check_plain_id("credential id", credential.id));
  return check_label("name", credential.name);
}

result<void, Error> acceptable(const Entry& entry) {
  return std::visit([](const auto& noun) { return acceptable(noun); }, entry);
}

std::size_t stored_bytes(const App& app) {
  std::size_t bytes = kEntryOverhead + app.name.size();
  for (const auto& domain : app.domains) bytes += domain.size() + 3;
  for (const auto& backend : app.backends) bytes += kEntryOverhead + backend.name.size() + backend.address.size();
  return bytes;
}

std::size_t stored_bytes(const Token& token) {
  return 2 * kEntryOverhead + Uuid::kTextSize + token.channel.size() + token.name.size();
}

std::size_t stored_bytes(const Drain& drain) {
  std::size_t bytes = 2 * kEntryOverhead + drain.channel.size() + bytes_of(drain.url) + bytes_of(drain.format) +
                      bytes_of(drain.filter) + bytes_of(drain.ca) + bytes_of(drain.client_cert) +
                      bytes_of(drain.client_key) + bytes_of(drain.secret);
  for (const auto& [name, value] : drain.headers) bytes += bytes_of(name) + bytes_of(value);
  return bytes;
}

std::size_t stored_bytes(const Entry& entry) { return std::visit(StoredBytes(), entry); }

}  // namespace sluice
