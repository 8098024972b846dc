#include <algorithm>

#include "logplex/model/decide_parts.hpp"
#include "logplex/model/names.hpp"

namespace sluice {
namespace {

constexpr std::size_t kUrlMax = 8 * 1024;
constexpr std::size_t kFilterMax = 4 * 1024;
constexpr std::size_t kPemMax = 256 * 1024;
constexpr std::size_t kHeadersMax = 64;
constexpr std::size_t kHeaderMax = 8 * 1024;
constexpr std::size_t kSecretMax = 8 * 1024;
constexpr std::size_t kSpareReserved = 16;

using Drains = std::vector<std::shared_ptr<const DrainEntry>>;

/// The drains beside which this one stands: its channel's, or the global ones.
result<const Drains*, Error> neighbours(const ConfigSnapshot& config, const std::string& channel) {
  if (channel.empty()) return &config.global_drains();
  const auto* entry = config.channel(channel);
  if (entry == nullptr) return not_found("no such channel");
  return &entry->drains;
}

result<const Drain*, Error> existing_drain(const ConfigSnapshot& config, const std::string& channel, std::uint64_t id) {
  SLUICE_TRY(const Drains* drains, neighbours(config, channel));
  for (const auto& entry : *drains)
    if (entry->drain.id == id) return &entry->drain;
  return not_found("no such drain");
}

bool clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Only the shape: what a scheme means is for the drains to say.
result<void, Error> check_url(const std::string& url) {
  const auto scheme = url.find("://");
  if (url.size() > kUrlMax) return invalid("url must be at most 8192 bytes");
  if (scheme == std::string::npos || scheme == 0 || scheme + 3 == url.size() || !clean(url) ||
      url.find(' ') != std::string::npos)
    return invalid("url must be scheme://host");
  return {};
}

result<void, Error> check_headers(const Drain& drain) {
  if (drain.headers.size() > kHeadersMax) return invalid("headers must be at most 64");
  for (const auto& [name, value] : drain.headers) {
    const auto token = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    if (name.empty() || name.size() > kNameMax || !std::all_of(name.begin(), name.end(), token))
      return invalid("headers: a name is not a header name");
    if (is_reserved_header(name)) return invalid("headers: Sluice sets " + name + " itself");
    if (value.reveal().size() > kHeaderMax || !clean(value.reveal()))
      return invalid("headers: the value of " + name + " is too long or holds control characters");
  }
  return {};
}

result<void, Error> check_options(const Drain& drain) {
  if (!drain.reserved()) SLUICE_TRY_VOID(check_url(drain.url.reveal()));
  SLUICE_TRY_VOID(check_label("format", drain.format));
  if (drain.filter.size() > kFilterMax || !clean(drain.filter))
    return invalid("filter must be at most 4096 bytes without control characters");
  SLUICE_TRY_VOID(check_headers(drain));
  if (drain.ca.size() > kPemMax) return invalid("ca must be at most 256 KiB");
  if (drain.client_cert.size() > kPemMax) return invalid("client_cert must be at most 256 KiB");
  if (drain.client_key.reveal().size() > kPemMax) return invalid("client_key must be at most 256 KiB");
  if (drain.secret.reveal().size() > kSecretMax) return invalid("secret must be at most 8 KiB");
  return {};
}

/// One more drain with this url must fit beside the others; `self` is not counted.
result<void, Error> check_room(const Drains& drains, const Drain& drain, std::size_t limit, std::uint64_t self) {
  std::size_t with_url = 0;
  std::size_t reserved = 0;
  for (const auto& entry : drains) {
    if (entry->drain.id == self) continue;
    (entry->drain.reserved() ? reserved : with_url) += 1;
    if (!drain.reserved() && entry->drain.url == drain.url) return conflict("already exists");
  }
  if (drain.reserved() ? reserved >= limit + kSpareReserved : with_url >= limit)
    return over_limit("maximum number of drains reached");
  return {};
}

}  // namespace

result<Effects, Error> Decider::operator()(const CreateDrain& change) const {
  SLUICE_TRY(const Drains* drains, neighbours(config, change.drain.channel));
  SLUICE_TRY_VOID(check_options(change.drain));
  const auto limit = change.drain.global() ? limits.global_drains : limits.drains_per_channel;
  SLUICE_TRY_VOID(check_room(*drains, change.drain, limit, 0));
  Drain drain = change.drain;
  drain.id = config.next_drain_id();
  Effects effects;
  effects.applied.created = true;
  effects.applied.drain_id = drain.id;
  write(effects, std::move(drain));
  return effects;
}

result<Effects, Error> Decider::operator()(const PutDrain& change) const {
  SLUICE_TRY(const Drain* before, existing_drain(config, change.drain.channel, change.drain.id));
  if (change.drain.reserved()) return invalid("url is missing");
  SLUICE_TRY_VOID(check_options(change.drain));
  SLUICE_TRY(const Drains* drains, neighbours(config, change.drain.channel));
  const auto limit = change.drain.global() ? limits.global_drains : limits.drains_per_channel;
  SLUICE_TRY_VOID(check_room(*drains, change.drain, limit, change.drain.id));
  Drain drain = change.drain;
  drain.token = before->token;
  drain.paused = before->paused;
  drain.kept = before->kept;
  Effects effects;
  effects.applied.drain_id = drain.id;
  write(effects, std::move(drain));
  return effects;
}

result<Effects, Error> Decider::operator()(const DeleteDrain& change) const {
  SLUICE_TRY([[maybe_unused]] const Drain* before, existing_drain(config, change.channel, change.id));
  Effects effects;
  remove(effects, EntryKind::kDrain, std::to_string(change.id));
  return effects;
}

result<Effects, Error> Decider::operator()(const SetDrainPaused& change) const {
  SLUICE_TRY(const Drain* before, existing_drain(config, change.channel, change.id));
  Drain drain = *before;
  drain.paused = change.paused;
  Effects effects;
  effects.applied.drain_id = drain.id;
  write(effects, std::move(drain));
  return effects;
}

}  // namespace sluice
