#pragma once

#include <string_view>

#include <boost/json/value.hpp>

#include "logplex/api/calls/drain_control.hpp"
#include "logplex/api/frame/api_call.hpp"

namespace sluice::api {

// The handlers of the rows in routes.cpp, by noun. Each runs on the connection's shard and copies what it looks up in
// the configuration before it awaits anything.

// channels.cpp
Task<ApiAnswer> put_channel(ApiCall& call);
Task<ApiAnswer> get_channel(ApiCall& call);
Task<ApiAnswer> delete_channel(ApiCall& call);
Task<ApiAnswer> list_channels(ApiCall& call);
Task<ApiAnswer> create_token(ApiCall& call);
Task<ApiAnswer> list_tokens(ApiCall& call);
Task<ApiAnswer> revoke_token(ApiCall& call);

// drains.cpp: drains of the channel in the path, or global drains
Task<ApiAnswer> create_drain(ApiCall& call);
Task<ApiAnswer> list_drains(ApiCall& call);
Task<ApiAnswer> get_drain(ApiCall& call);
Task<ApiAnswer> put_drain(ApiCall& call);
Task<ApiAnswer> delete_drain(ApiCall& call);

// drain_actions.cpp
Task<ApiAnswer> test_drain(ApiCall& call);
Task<ApiAnswer> pause_drain(ApiCall& call);
Task<ApiAnswer> resume_drain(ApiCall& call);
Task<ApiAnswer> replay_drain(ApiCall& call);

// apps.cpp
Task<ApiAnswer> put_app(ApiCall& call);
Task<ApiAnswer> list_apps(ApiCall& call);
Task<ApiAnswer> get_app(ApiCall& call);
Task<ApiAnswer> delete_app(ApiCall& call);
Task<ApiAnswer> patch_app(ApiCall& call);
Task<ApiAnswer> list_backends(ApiCall& call);
Task<ApiAnswer> list_domains(ApiCall& call);
Task<ApiAnswer> put_backend(ApiCall& call);
Task<ApiAnswer> delete_backend(ApiCall& call);
Task<ApiAnswer> put_domain(ApiCall& call);
Task<ApiAnswer> delete_domain(ApiCall& call);
Task<ApiAnswer> put_certificate(ApiCall& call);
Task<ApiAnswer> list_certificates(ApiCall& call);

// sessions.cpp
Task<ApiAnswer> create_session(ApiCall& call);
Task<ApiAnswer> read_session(ApiCall& call);
Task<ApiAnswer> read_logs(ApiCall& call);

// access.cpp
Task<ApiAnswer> create_key(ApiCall& call);
Task<ApiAnswer> list_keys(ApiCall& call);
Task<ApiAnswer> delete_key(ApiCall& call);

// status.cpp
Task<ApiAnswer> healthcheck(ApiCall& call);
Task<ApiAnswer> show_status(ApiCall& call);
Task<ApiAnswer> show_openapi(ApiCall& call);

extern const BodySchema kChannelBody;
extern const BodySchema kTokenBody;
extern const BodySchema kDrainBody;
extern const BodySchema kGlobalDrainBody;
extern const BodySchema kResumeBody;
extern const BodySchema kReplayBody;
extern const BodySchema kAppBody;
extern const BodySchema kPatchAppBody;
extern const BodySchema kBackendBody;
extern const BodySchema kCertificateBody;
extern const BodySchema kKeyBody;
extern const BodySchema kNoBody;

/// The drain's url for `who`, without secrets. The path of the url is shown only with drains:write.
std::string shown_url(const Drain& drain, const Principal& who);
/// A drain as every answer shows it; see shown_url() for its url.
boost::json::object drain_json(const Drain& drain, const DrainReport& report, const Principal& who);
boost::json::object stats_json(const DrainStats& stats);

}  // namespace sluice::api
