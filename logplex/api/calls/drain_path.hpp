#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "logplex/api/frame/api_call.hpp"

namespace sluice::api {

// The paths /v3/channels/:c/drains... and /v3/drains... lead to the same handlers.

/// The channel named in the path; empty = global.
std::string channel_of(const ApiCall& call);
/// "/v3/channels/c/drains" or "/v3/drains".
std::string drains_path(const ApiCall& call);
/// The drain that the path's `:d` (id or token), or `id_or_token`, names in the path's channel. Returns a copy, which
/// stays valid after the turn.
std::optional<Drain> find_drain(const ApiCall& call);
std::optional<Drain> find_drain(const ApiCall& call, std::string_view id_or_token);

ApiAnswer no_such_drain();

}  // namespace sluice::api
