#include <boost/json/array.hpp>

#include "logplex/api/calls/handlers.hpp"
#include "logplex/api/frame/changes.hpp"
#include "logplex/api/frame/json_body.hpp"
#include "logplex/api/frame/paging.hpp"
#include "logplex/net/address_text.hpp"

namespace sluice::api {
namespace json = boost::json;
namespace {

constexpr BodyField kAppFields[] = {
    {"domains", JsonShape::kStrings, false, "host names of the app; *.NAME stands for all names below NAME"},
    {"backends", JsonShape::kObjects, false, "where the app serves: name, address, soft, hard, weight"},
    {"features", JsonShape::kObject, false, "flags: maintenance, session_affinity, balance"},
};
constexpr BodyField kPatchAppFields[] = {
    {"features", JsonShape::kObject, true, "flags to set: maintenance, session_affinity, balance"},
};
constexpr BodyField kBackendFields[] = {
    {"address", JsonShape::kString, true, "host:port"},
    {"soft", JsonShape::kNumber, false, "requests at once above which other backends are preferred; 0 = none"},
    {"hard", JsonShape::kNumber, false, "requests at once that are never exceeded; 0 = none"},
    {"weight", JsonShape::kNumber, false, "share of new requests, 1 to 1000"},
};
constexpr BodyField kNamedBackendFields[] = {
    {"name", JsonShape::kString, true, "value of dyno= in router lines"},
    kBackendFields[0],
    kBackendFields[1],
    kBackendFields[2],
    kBackendFields[3],
};
constexpr BodySchema kNamedBackend{kNamedBackendFields};
constexpr BodyField kFeatureFields[] = {
    {"maintenance", JsonShape::kBool, false, "the router answers every request with 503"},
    {"session_affinity", JsonShape::kBool, false, "a cookie keeps a client on one backend"},
    {"balance", JsonShape::kString, false, "p2c, random or round_robin"},
};
constexpr BodySchema kFeatures{kFeatureFields};
constexpr BodyField kCertificateFields[] = {
    {"chain", JsonShape::kString, true, "PEM of the certificate, followed by its intermediate certificates"},
    {"key", JsonShape::kString, true, "PEM of the certificate's key; never shown"},
};

checked<std::uint32_t> read_limit(const json::object& object, std::string_view name, std::uint32_t fallback,
                                  std::string_view where) {
  const auto number = number_or(object, name, fallback);
  if (number <= 1'000'000) return static_cast<std::uint32_t>(number);
  const auto field = where.empty() ? std::string(name) : std::string(where) + "." + std::string(name);
  return BadInput{field + " must be at most 1000000", field};
}

bool is_localhost(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return equal_ignoring_case(host, "localhost") || host.ends_with(".localhost");
}

/// Host names are checked at each connect, by the addresses that they resolve to.
checked<void> check_address(const ApiCall& call, const std::string& address, std::string_view where) {
  const auto parsed = parse_host_port(address);
  if (call.parts.backends == nullptr || !parsed) return {};  // the change itself checks it
  boost::system::error_code is_name;
  const auto ip = boost::asio::ip::make_address(parsed->host, is_name);
  const bool local_name = is_name && is_localhost(parsed->host);
  if (is_name && !local_name) return {};
  const auto judged = local_name ? boost::asio::ip::make_address("127.0.0.1") : ip;
  const BackendGuard& guard = *call.parts.backends;
  const auto why =
      call.who.all_channels() ? guard.refusal(judged, parsed->port) : guard.refusal_for_tenants(judged, parsed->port);
  if (why.empty()) return {};
  const auto field = where.empty() ? std::string("address") : std::string(where) + ".address";
  return BadInput{field + " is refused: " + std::string(why), field, 422};
}

checked<Backend> read_backend(const ApiCall& call, const json::object& object, std::string name,
                              std::string_view where) {
  Backend backend;
  backend.name = std::move(name);
  backend.address = string_or(object, "address");
  SLUICE_TRY_VOID(check_address(call, backend.address, where));
  SLUICE_TRY(backend.soft, read_limit(object, "soft", backend.soft, where));
  SLUICE_TRY(backend.hard, read_limit(object, "hard", backend.hard, where));
  SLUICE_TRY(backend.weight, read_limit(object, "weight", backend.weight, where));
  backend.guarded = !call.who.all_channels();
  return backend;
}

checked<std::vector<Backend>> read_backends(const ApiCall& call) {
  std::vector<Backend> out;
  const auto* list = member(call.body, "backends");
  if (list == nullptr) return out;
  for (const auto& item : list->get_array()) {
    const auto where = "backends[" + std::to_string(out.size()) + "]";
    SLUICE_TRY_VOID(check_object(item.get_object(), kNamedBackend, where));
    SLUICE_TRY(auto backend, read_backend(call, item.get_object(), string_or(item.get_object(), "name"), where));
    out.push_back(std::move(backend));
  }
  return out;
}

std::optional<Balance> parse_balance(std::string_view name) {
  for (const auto balance : {Balance::kPowerOfTwo, Balance::kRandom, Balance::kRoundRobin})
    if (name_of(balance) == name) return balance;
  return std::nullopt;
}

/// The features in a body, as a patch for any app.
checked<PatchFeatures> read_features(const json::object& body) {
  PatchFeatures patch;
  const auto* features = member(body, "features");
  if (features == nullptr) return patch;
  const auto& object = features->get_object();
  SLUICE_TRY_VOID(check_object(object, kFeatures, "features"));
  patch.maintenance = bool_at(object, "maintenance");
  patch.session_affinity = bool_at(object, "session_affinity");
  if (const auto name = string_at(object, "balance")) {
    patch.balance = parse_balance(*name);
    if (!patch.balance) return BadInput{"features.balance must be p2c, random or round_robin", "features.balance"};
  }
  return patch;
}

checked<PutApp> read_app(const ApiCall& call) {
  PutApp app;
  app.name = call.parameter(0);
  app.domains = strings_at(call.body, "domains");
  SLUICE_TRY(app.backends, read_backends(call));
  SLUICE_TRY(const auto features, read_features(call.body));
  app.features.maintenance = features.maintenance.value_or(false);
  app.features.session_affinity = features.session_affinity.value_or(false);
  app.features.balance = features.balance.value_or(Balance::kPowerOfTwo);
  app.rights = call.who.domain_rights();
  app.incarnation = new_incarnation(call.parts.shard.rng());
  return app;
}

json::object backend_json(const Backend& backend) {
  return {{"name", backend.name},
          {"address", backend.address},
          {"soft", backend.soft},
          {"hard", backend.hard},
          {"weight", backend.weight}};
}

json::object app_json(const App& app) {
  json::array domains;
  for (const auto& domain : app.domains) domains.push_back(json::string(domain));
  json::array backends;
  for (const auto& backend : app.backends) backends.push_back(backend_json(backend));
  json::object features{{"maintenance", app.features.maintenance},
                        {"session_affinity", app.features.session_affinity},
                        {"balance", name_of(app.features.balance)}};
  return {{"name", app.name},
          {"domains", std::move(domains)},
          {"backends", std::move(backends)},
          {"features", std::move(features)},
          {"channel", app.channel()}};
}

ApiAnswer show_app(const ApiCall& call, unsigned status) {
  const auto* entry = call.parts.config().app(call.parameter(0));
  return entry == nullptr ? error_answer(404, "no such app") : json_answer(status, app_json(entry->app));
}

ApiAnswer show_backend(const ApiCall& call, unsigned status) {
  const auto* entry = call.parts.config().app(call.parameter(0));
  if (entry != nullptr)
    for (const auto& backend : entry->app.backends)
      if (backend.name == call.parameter(1)) return json_answer(status, backend_json(backend));
  return error_answer(404, "no such backend");
}

/// Makes the change and answers with the changed app.
Task<ApiAnswer> change_app(ApiCall& call, Change change) {
  const auto applied = co_await call.make(std::move(change));
  if (applied.has_error()) co_return call.refused(applied.error());
  co_return show_app(call, applied->created ? 201 : 200);
}

}  // namespace

const BodySchema kAppBody{kAppFields};
const BodySchema kPatchAppBody{kPatchAppFields};
const BodySchema kBackendBody{kBackendFields};
const BodySchema kCertificateBody{kCertificateFields};

Task<ApiAnswer> put_app(ApiCall& call) {
  auto app = read_app(call);
  if (app.has_error()) co_return app.error().answer();
  Change change = std::move(*app);
  auto answer = co_await change_app(call, std::move(change));
  co_return answer;
}

Task<ApiAnswer> list_apps(ApiCall& call) {
  return list_page(call, &visible_apps, [](const AppEntry& entry) { return app_json(entry.app); });
}

Task<ApiAnswer> get_app(ApiCall& call) { co_return show_app(call, 200); }

Task<ApiAnswer> delete_app(ApiCall& call) {
  const auto keep = call.query().flag("keep_channel");
  if (keep.has_error()) co_return keep.error().answer();
  Change change = DeleteApp{call.parameter(0), *keep};
  auto answer = co_await remove_by(call, std::move(change));
  co_return answer;
}

Task<ApiAnswer> patch_app(ApiCall& call) {
  auto patch = read_features(call.body);
  if (patch.has_error()) co_return patch.error().answer();
  patch->app = call.parameter(0);
  Change change = std::move(*patch);
  auto answer = co_await change_app(call, std::move(change));
  co_return answer;
}

Task<ApiAnswer> list_backends(ApiCall& call) {
  const auto* entry = call.parts.config().app(call.parameter(0));
  if (entry == nullptr) co_return error_answer(404, "no such app");
  json::array items;
  for (const auto& backend : entry->app.backends) items.push_back(backend_json(backend));
  co_return list_answer(std::move(items), {});
}

Task<ApiAnswer> list_domains(ApiCall& call) {
  const auto* entry = call.parts.config().app(call.parameter(0));
  if (entry == nullptr) co_return error_answer(404, "no such app");
  json::array items;
  for (const auto& domain : entry->app.domains) items.push_back(json::object{{"domain", domain}});
  co_return list_answer(std::move(items), {});
}

Task<ApiAnswer> put_backend(ApiCall& call) {
  auto backend = read_backend(call, call.body, call.parameter(1), {});
  if (backend.has_error()) co_return backend.error().answer();
  Change change = PutBackend{call.parameter(0), std::move(*backend)};
  const auto applied = co_await call.make(std::move(change));
  if (applied.has_error()) co_return call.refused(applied.error());
  co_return show_backend(call, applied->created ? 201 : 200);
}

Task<ApiAnswer> delete_backend(ApiCall& call) {
  return remove_by(call, RemoveBackend{call.parameter(0), call.parameter(1)});
}

Task<ApiAnswer> put_domain(ApiCall& call) {
  Change change = AddDomain{call.parameter(0), call.parameter(1), call.who.domain_rights()};
  auto answer = co_await change_app(call, std::move(change));
  co_return answer;
}

Task<ApiAnswer> delete_domain(ApiCall& call) {
  return remove_by(call, RemoveDomain{call.parameter(0), call.parameter(1)});
}

Task<ApiAnswer> put_certificate(ApiCall& call) {
  if (call.parts.config().app(call.parameter(0)) == nullptr) co_return error_answer(404, "no such app");
  co_return error_answer(422, "certificates of apps are not in this build; end TLS in front of router.http");
}

Task<ApiAnswer> list_certificates(ApiCall& call) {
  if (call.parts.config().app(call.parameter(0)) == nullptr) co_return error_answer(404, "no such app");
  co_return list_answer({}, {});
}

}  // namespace sluice::api
