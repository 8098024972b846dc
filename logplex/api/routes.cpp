#include "logplex/api/routes.hpp"

#include "logplex/api/calls/handlers.hpp"
#include "logplex/api/tail/line_query.hpp"

namespace sluice::api {
namespace {

constexpr auto kGet = Method::kGet;
constexpr auto kPost = Method::kPost;
constexpr auto kPut = Method::kPut;
constexpr auto kPatch = Method::kPatch;
constexpr auto kDelete = Method::kDelete;
constexpr auto kOpen = Access::kAnybody;
constexpr auto kKnown = Access::kAnyKey;
constexpr auto kScoped = Access::kScope;
constexpr auto kJson = Answers::kJson;
constexpr auto kV3 = Dialect::kV3;
constexpr auto kAllChannels = Reach::kAllChannels;

// clang-format off
const Route kRoutes[] = {
    {kGet, "/v3/healthcheck", kOpen, Scope::kAdmin, nullptr, &healthcheck, 200,
     "Reports that this node is up", Answers::kOther},
    {kGet, "/v3/openapi.json", kOpen, Scope::kAdmin, nullptr, &show_openapi, 200,
     "This document"},
    {kGet, "/v3/status", kKnown, Scope::kAdmin, nullptr, &show_status, 200,
     "Nodes, revision, rates, drains that are not healthy"},
    {kGet, "/v3/channels", kScoped, Scope::kAppsRead, nullptr, &list_channels, 200,
     "Lists channels"},
    {kPut, "/v3/channels/:c", kScoped, Scope::kAppsWrite, &kChannelBody, &put_channel, 200,
     "Creates a channel or declares its tokens"},
    {kGet, "/v3/channels/:c", kScoped, Scope::kAppsWrite, nullptr, &get_channel, 200,
     "Shows a channel with its tokens and drains"},
    {kDelete, "/v3/channels/:c", kScoped, Scope::kAppsWrite, nullptr, &delete_channel, 204,
     "Deletes a channel with its tokens and drains"},
    {kPost, "/v3/channels/:c/tokens", kScoped, Scope::kAppsWrite, &kTokenBody, &create_token, 200,
     "Creates a token; only this answer and the channel show its value"},
    {kGet, "/v3/channels/:c/tokens", kScoped, Scope::kAppsRead, nullptr, &list_tokens, 200,
     "Lists tokens without their secrets"},
    {kDelete, "/v3/channels/:c/tokens/:id", kScoped, Scope::kAppsWrite, nullptr, &revoke_token, 204,
     "Revokes a token"},
    {kGet, "/v3/channels/:c/logs", kScoped, Scope::kLogsRead, nullptr, &read_logs, 200,
     "Reads lines: history, then new ones with tail", Answers::kOther},
    {kPost, "/v3/channels/:c/drains", kScoped, Scope::kDrainsWrite, &kDrainBody, &create_drain, 201,
     "Creates a drain, or reserves its id and token"},
    {kGet, "/v3/channels/:c/drains", kScoped, Scope::kDrainsRead, nullptr, &list_drains, 200,
     "Lists drains with status and stats"},
    {kGet, "/v3/channels/:c/drains/:d", kScoped, Scope::kDrainsRead, nullptr, &get_drain, 200,
     "Shows a drain with status and stats"},
    {kPut, "/v3/channels/:c/drains/:d", kScoped, Scope::kDrainsWrite, &kDrainBody, &put_drain, 200,
     "Replaces url and options of a drain"},
    {kDelete, "/v3/channels/:c/drains/:d", kScoped, Scope::kDrainsWrite, nullptr, &delete_drain, 204,
     "Deletes a drain"},
    {kPost, "/v3/channels/:c/drains/:d/test", kScoped, Scope::kDrainsWrite, &kNoBody, &test_drain, 200,
     "Sends one synthetic line now"},
    {kPost, "/v3/channels/:c/drains/:d/pause", kScoped, Scope::kDrainsWrite, &kNoBody, &pause_drain, 200,
     "Stops deliveries; lines stay pending"},
    {kPost, "/v3/channels/:c/drains/:d/resume", kScoped, Scope::kDrainsWrite, &kResumeBody, &resume_drain, 200,
     "Resumes deliveries"},
    {kPost, "/v3/channels/:c/drains/:d/replay", kScoped, Scope::kDrainsWrite, &kReplayBody, &replay_drain, 202,
     "Delivers past lines of a durable drain again"},
    {kPost, "/v3/drains", kScoped, Scope::kDrainsWrite, &kGlobalDrainBody, &create_drain, 201,
     "Creates a global drain, or reserves its id and token", kJson, kV3, kAllChannels},
    {kGet, "/v3/drains", kScoped, Scope::kDrainsRead, nullptr, &list_drains, 200,
     "Lists drains with status and stats", kJson, kV3, kAllChannels},
    {kGet, "/v3/drains/:d", kScoped, Scope::kDrainsRead, nullptr, &get_drain, 200,
     "Shows a global drain with status and stats", kJson, kV3, kAllChannels},
    {kPut, "/v3/drains/:d", kScoped, Scope::kDrainsWrite, &kGlobalDrainBody, &put_drain, 200,
     "Replaces url and options of a global drain", kJson, kV3, kAllChannels},
    {kDelete, "/v3/drains/:d", kScoped, Scope::kDrainsWrite, nullptr, &delete_drain, 204,
     "Deletes a global drain", kJson, kV3, kAllChannels},
    {kPost, "/v3/drains/:d/test", kScoped, Scope::kDrainsWrite, &kNoBody, &test_drain, 200,
     "Sends one synthetic line now", kJson, kV3, kAllChannels},
    {kPost, "/v3/drains/:d/pause", kScoped, Scope::kDrainsWrite, &kNoBody, &pause_drain, 200,
     "Stops deliveries; lines stay pending", kJson, kV3, kAllChannels},
    {kPost, "/v3/drains/:d/resume", kScoped, Scope::kDrainsWrite, &kResumeBody, &resume_drain, 200,
     "Resumes deliveries", kJson, kV3, kAllChannels},
    {kPost, "/v3/drains/:d/replay", kScoped, Scope::kDrainsWrite, &kReplayBody, &replay_drain, 202,
     "Delivers past lines of a durable drain again", kJson, kV3, kAllChannels},
    {kGet, "/v3/apps", kScoped, Scope::kAppsRead, nullptr, &list_apps, 200,
     "Lists apps"},
    {kPut, "/v3/apps/:app", kScoped, Scope::kAppsWrite, &kAppBody, &put_app, 200,
     "Creates or replaces an app"},
    {kGet, "/v3/apps/:app", kScoped, Scope::kAppsRead, nullptr, &get_app, 200,
     "Shows an app"},
    {kPatch, "/v3/apps/:app", kScoped, Scope::kAppsWrite, &kPatchAppBody, &patch_app, 200,
     "Sets flags of an app"},
    {kDelete, "/v3/apps/:app", kScoped, Scope::kAppsWrite, nullptr, &delete_app, 204,
     "Deletes an app, and its channel unless ?keep_channel=true"},
    {kGet, "/v3/apps/:app/backends", kScoped, Scope::kAppsRead, nullptr, &list_backends, 200,
     "Lists backends"},
    {kGet, "/v3/apps/:app/domains", kScoped, Scope::kAppsRead, nullptr, &list_domains, 200,
     "Lists domains"},
    {kPut, "/v3/apps/:app/backends/:name", kScoped, Scope::kAppsWrite, &kBackendBody, &put_backend, 200,
     "Adds or replaces a backend"},
    {kDelete, "/v3/apps/:app/backends/:name", kScoped, Scope::kAppsWrite, nullptr, &delete_backend, 204,
     "Removes a backend"},
    {kPut, "/v3/apps/:app/domains/:domain", kScoped, Scope::kAppsWrite, &kNoBody, &put_domain, 200,
     "Adds a domain"},
    {kDelete, "/v3/apps/:app/domains/:domain", kScoped, Scope::kAppsWrite, nullptr, &delete_domain, 204,
     "Removes a domain"},
    {kGet, "/v3/apps/:app/certificates", kScoped, Scope::kAppsRead, nullptr, &list_certificates, 200,
     "Lists certificates without keys"},
    {kPut, "/v3/apps/:app/certificates/:name", kScoped, Scope::kAppsWrite, &kCertificateBody, &put_certificate, 200,
     "Sets a certificate"},
    {kPost, "/v3/sessions", kScoped, Scope::kLogsRead, &kSessionBody, &create_session, 201,
     "Creates a url that reads lines without an API key"},
    {kGet, "/sessions/:id", kOpen, Scope::kLogsRead, nullptr, &read_session, 200,
     "Reads the lines of a session", Answers::kOther},
    {kPost, "/v3/keys", kScoped, Scope::kAdmin, &kKeyBody, &create_key, 201,
     "Creates a scoped key; only this answer shows it"},
    {kGet, "/v3/keys", kScoped, Scope::kAdmin, nullptr, &list_keys, 200,
     "Lists keys without their secrets"},
    {kDelete, "/v3/keys/:id", kScoped, Scope::kAdmin, nullptr, &delete_key, 204,
     "Revokes a key"},
};
// clang-format on

}  // namespace

std::span<const Route> api_routes() { return kRoutes; }

}  // namespace sluice::api
