#include "logplex/api/frame/key_shares.hpp"

#include <string>

#include "logplex/api/frame/open_streams.hpp"
#include "logplex/base/metrics.hpp"
#include "logplex/model/key_hash.hpp"

namespace sluice::api {
namespace {

/// The node's own key has no name and never gets here.
std::uint64_t share_of(bool by_key, const std::string& sharer) {
  return hash_of((by_key ? "key " : "credential ") + sharer);
}

/// The part of a share that a key may use: all of it for its owner, three quarters for keys that the owner made.
std::uint64_t part_of(std::uint64_t most, bool was_made) {
  if (most <= 1 || !was_made) return most;
  return most - (most + 3) / 4;
}

/// Without a limit, returns an empty share, which holds nothing.
std::optional<ShareTable::Share> take_from(ShareTable& table, std::uint64_t key, std::uint64_t most) {
  if (most == 0) return ShareTable::Share();
  return table.take(key, most);
}

}  // namespace

bool KeyShares::take_connection(Held& held, std::uint64_t key, bool was_made) {
  auto of_key = take_from(connections_, key, part_of(limits_.connections_per_key, was_made));
  auto of_all = take_from(all_, 0, limits_.connections_of_keys);
  if (!of_key || !of_all) return false;
  held.of_key = std::move(*of_key);
  held.of_all = std::move(*of_all);
  return true;
}

std::optional<KeyShares::Held> KeyShares::take_call(const Principal& who) {
  Held held;
  if (who.id.empty() || take_connection(held, share_of(!who.full, who.sharer), who.id != who.sharer)) return held;
  ++refused_connections_;
  return std::nullopt;
}

std::optional<KeyShares::Held> KeyShares::take_session(const StreamRights& rights, const ConfigSnapshot& config) {
  Held held;
  if (rights.maker.empty()) return held;
  const auto sharer = rights.sharer(config);
  const auto key = share_of(rights.by_key, sharer);
  const bool was_made = sharer != rights.maker;
  if (limits_.sessions_per_key != 0) {
    auto session = sessions_.take(key, part_of(limits_.sessions_per_key, was_made));
    if (session) held.session = std::move(*session);
    refused_sessions_ += session ? 0U : 1U;
    if (!session) return std::nullopt;
  }
  if (take_connection(held, key, was_made)) return held;
  ++refused_connections_;
  return std::nullopt;
}

checked<KeyShares::CertificatePlaces> KeyShares::take_certificates(const Principal& who, const std::string& channel) {
  CertificatePlaces places;
  if (who.id.empty()) return places;
  const auto most = part_of(kCertificatesAtOnce, who.id != who.sharer);
  auto of_key = certificates_.take(share_of(!who.full, who.sharer), most);
  auto of_channel = certificates_.take(hash_of("channel " + channel), kCertificatesAtOnce);
  if (!of_key || !of_channel) {
    ++refused_certificates_;
    return BadInput{"this key or channel already has too many certificates being read; wait for its other calls", "",
                    429};
  }
  auto of_all = certificates_.take(0, kCertificatesOfAll);
  if (!of_all) return no_place_for_certificates();
  places.of_key = std::move(*of_key);
  places.of_channel = std::move(*of_channel);
  places.of_all = std::move(*of_all);
  return places;
}

BadInput KeyShares::no_place_for_certificates() {
  ++refused_all_certificates_;
  return {"too many certificates are being read; try again later", "", 503};
}

void KeyShares::add_metrics(MetricsPage& page) const {
  const auto refused = [&page](const char* limit, std::uint64_t count) {
    page.counter("sluice_api_limited_total", "Calls and streams refused because their key had used up its share.",
                 static_cast<double>(count), {{"limit", limit}});
  };
  refused("api_connections_per_key", refused_connections_);
  refused("sessions_per_key", refused_sessions_);
  refused("certificates_per_key", refused_certificates_);
  refused("certificates", refused_all_certificates_);
}

}  // namespace sluice::api
