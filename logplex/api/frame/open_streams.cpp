#include "logplex/api/frame/open_streams.hpp"

#include <algorithm>

#include "logplex/base/wall_time.hpp"
#include "logplex/net/http/http_server.hpp"

namespace sluice::api {
namespace {

/// A stream that ends later than this is checked again, so that no sum of times overflows.
constexpr std::chrono::microseconds kLongestWait = std::chrono::hours(1);

std::string maker_name(bool by_key, const std::string& maker) { return (by_key ? "key " : "credential ") + maker; }

}  // namespace

bool StreamRights::hold(const ConfigSnapshot& config, WallTime now) const {
  const auto* entry = config.channel(channel);
  if (entry == nullptr || entry->channel.incarnation != incarnation || (until && *until <= now)) return false;
  if (by_key) {
    const auto* key = config.key(maker);
    return key != nullptr && !key->expired(now) && key->scopes.has(Scope::kLogsRead) && may_use(*key, config, channel);
  }
  if (maker.empty()) return true;
  const auto* credential = config.credential(maker);
  return credential != nullptr && credential->full_api;
}

std::string StreamRights::sharer(const ConfigSnapshot& config) const {
  const auto* key = by_key ? config.key(maker) : nullptr;
  return key == nullptr ? maker : key->sharer();
}

void OpenStreams::on_config(const ConfigSnapshot& config, const ChangedKeys& changed) {
  if (by_maker_.empty()) return;
  for (const auto& key : changed.keys) look_at(by_maker_, maker_name(true, key), config);
  for (const auto& credential : changed.credentials) look_at(by_maker_, maker_name(false, credential), config);
  for (const auto& channel : changed.channels) look_at(by_channel_, channel.id, config);
}

void OpenStreams::look_at(Index& index, const std::string& name, const ConfigSnapshot& config) {
  const auto now = shard_.wall_now();
  const auto [begin, end] = index.equal_range(name);
  for (auto at = begin; at != end; ++at)
    if (!at->second->ended_ && !at->second->rights_.hold(config, now)) at->second->end();
}

OpenStream::OpenStream(OpenStreams& streams, HttpExchange& http, StreamRights rights)
    : streams_(streams),
      http_(http),
      rights_(std::move(rights)),
      deadline_(streams.shard_.wheel(), *this),
      by_maker_(streams.by_maker_.emplace(maker_name(rights_.by_key, rights_.maker), this)),
      by_channel_(streams.by_channel_.emplace(rights_.channel, this)) {
  watch_the_clock();
}

OpenStream::~OpenStream() {
  streams_.by_maker_.erase(by_maker_);
  streams_.by_channel_.erase(by_channel_);
}

void OpenStream::end() {
  ended_ = true;
  ++streams_.ended_;
  deadline_.disarm();
  http_.end_stream_soon();
}

void OpenStream::watch_the_clock() {
  if (!rights_.until) return;
  const Duration left = time_between(streams_.shard_.wall_now(), *rights_.until);
  deadline_.arm(std::clamp<Duration>(left, Duration{0}, kLongestWait));
}

void OpenStream::on_time() {
  if (*rights_.until <= streams_.shard_.wall_now())
    end();
  else
    watch_the_clock();
}

}  // namespace sluice::api
