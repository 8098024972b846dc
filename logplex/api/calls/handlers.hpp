#pragma once

#include <string_view>

#include <boost/json/value.hpp>

#include "logplex/api/calls/drain_control.hpp"
#include "logplex/api/frame/api_call.hpp"

namespace sluice::api {

// The handlers of the rows in routes.cpp, by noun. Each runs on the connection's shard; what it looks up in the
// configuration is copied before it awaits anything.

// channels.cpp
Task<ApiAnswer> put_channel(ApiCall& call);
Task<ApiAnswer> get_channel(ApiCall& call);
Task<ApiAnswer> delete_channel(ApiCall& call);
Task<ApiAnswer> list_channels(ApiCall& call);
Task<ApiAnswer> create_token(ApiCall& call);
Task<ApiAnswer> list_tokens(ApiCall& call);
Task<ApiAnswer> revoke_token(ApiCall& call);

// drains.cpp: of a channel when the path has one, else global
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

/// A drain as every answer shows it.
/// The drain's url for `who`, without secrets; its path only with drains:write.
std::string shown_url(const Drain& drain, const Principal& who);
/// `who` sees the url's path only with drains:write.
boost::json::object drain_json(const Drain& drain, const DrainReport& report, const Principal& who);
boost::json::object stats_json(const DrainStats& stats);

}  // namespace sluice::api
