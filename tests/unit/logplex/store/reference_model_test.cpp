#include "tests/unit/logplex/store/reference_model.hpp"

#include <algorithm>
#include <sstream>

namespace sluice {
namespace {

const error_code kFine;

void describe_backend(std::ostream& out, const Backend& backend) {
  out << " " << backend.name << "=" << backend.address << "/" << backend.soft;
}

void describe_app(std::ostream& out, const std::string& name, const std::vector<std::string>& domains,
                  const std::vector<Backend>& backends, const Features& features) {
  out << "app " << name << (features.maintenance ? " maintenance" : "") << " " << name_of(features.balance);
  for (const auto& domain : domains) out << " " << domain;
  for (const auto& backend : backends) describe_backend(out, backend);
  out << "\n";
}

}  // namespace

ReferenceModel::Outcome ReferenceModel::apply(const Change& change) {
  return std::visit([this](const auto& one) { return on(one); }, change);
}

std::string ReferenceModel::owner_of(const std::string& domain) const {
  for (const auto& [name, app] : apps_)
    if (std::count(app.domains.begin(), app.domains.end(), domain) != 0) return name;
  return {};
}

ReferenceModel::Outcome ReferenceModel::on(const PutApp& change) {
  for (const auto& domain : change.domains)
    if (const auto owner = owner_of(domain); !owner.empty() && owner != change.name) return {ConfigError::kConflict};
  std::set<std::string> names;
  for (const auto& backend : change.backends)
    if (!names.insert(backend.name).second) return {ConfigError::kInvalid};
  const bool created = apps_.count(change.name) == 0;
  auto& app = apps_[change.name];
  app = {{}, change.backends, change.features};
  for (const auto& domain : change.domains)
    if (std::count(app.domains.begin(), app.domains.end(), domain) == 0) app.domains.push_back(domain);
  channels_[change.name];
  return {kFine, created};
}

void ReferenceModel::drop_channel(const std::string& id) {
  channels_.erase(id);
  std::erase_if(drains_, [&id](const auto& drain) { return drain.second.channel == id; });
}

ReferenceModel::Outcome ReferenceModel::on(const DeleteApp& change) {
  if (apps_.erase(change.name) == 0) return {ConfigError::kNotFound};
  if (!change.keep_channel) drop_channel(change.name);
  return {kFine};
}

ReferenceModel::Outcome ReferenceModel::on(const PutBackend& change) {
  if (apps_.count(change.app) == 0) return {ConfigError::kNotFound};
  for (auto& backend : apps_[change.app].backends)
    if (backend.name == change.backend.name) {
      backend = change.backend;
      return {kFine, false};
    }
  apps_[change.app].backends.push_back(change.backend);
  return {kFine, true};
}

ReferenceModel::Outcome ReferenceModel::on(const RemoveBackend& change) {
  if (apps_.count(change.app) == 0) return {ConfigError::kNotFound};
  const auto same = [&change](const Backend& backend) { return backend.name == change.name; };
  return {std::erase_if(apps_[change.app].backends, same) == 1 ? kFine : error_code(ConfigError::kNotFound)};
}

ReferenceModel::Outcome ReferenceModel::on(const AddDomain& change) {
  if (apps_.count(change.app) == 0) return {ConfigError::kNotFound};
  const auto owner = owner_of(change.domain);
  if (!owner.empty() && owner != change.app) return {ConfigError::kConflict};
  if (owner.empty()) apps_[change.app].domains.push_back(change.domain);
  return {kFine, owner.empty()};
}

ReferenceModel::Outcome ReferenceModel::on(const RemoveDomain& change) {
  if (apps_.count(change.app) == 0) return {ConfigError::kNotFound};
  return {std::erase(apps_[change.app].domains, change.domain) == 1 ? kFine : error_code(ConfigError::kNotFound)};
}

ReferenceModel::Outcome ReferenceModel::on(const PatchFeatures& change) {
  if (apps_.count(change.app) == 0) return {ConfigError::kNotFound};
  if (change.maintenance) apps_[change.app].features.maintenance = *change.maintenance;
  if (change.balance) apps_[change.app].features.balance = *change.balance;
  return {kFine};
}

bool ReferenceModel::value_taken(const Uuid& value) const {
  for (const auto& [id, channel] : channels_)
    for (const auto& [token_id, token] : channel.tokens)
      if (token.value == value) return true;
  return false;
}

ReferenceModel::Outcome ReferenceModel::on(const PutChannel& change) {
  const bool created = channels_.count(change.id) == 0;
  auto next = created ? ChannelState{} : channels_[change.id];
  if (change.name) next.name = *change.name;
  if (change.flags) next.no_tail = change.flags->no_tail;
  if (change.tokens) {
    std::set<std::string> declared;
    for (const auto& token : *change.tokens) declared.insert(token.name);
    std::set<std::string> present;
    std::erase_if(next.tokens, [&](const auto& token) { return declared.count(token.second.name) == 0; });
    for (const auto& [id, token] : next.tokens) present.insert(token.name);
    for (const auto& token : *change.tokens)
      if (present.insert(token.name).second) next.tokens[token.id] = {token.name, token.value};
    if (present.size() > limits_.tokens_per_channel) return {ConfigError::kLimit};
  }
  channels_[change.id] = next;
  return {kFine, created};
}

ReferenceModel::Outcome ReferenceModel::on(const DeleteChannel& change) {
  if (channels_.count(change.id) == 0) return {ConfigError::kNotFound};
  if (change.id == "_router") return {ConfigError::kConflict};
  drop_channel(change.id);
  return {kFine};
}

ReferenceModel::Outcome ReferenceModel::on(const CreateToken& change) {
  if (channels_.count(change.channel) == 0) return {ConfigError::kNotFound};
  auto& tokens = channels_[change.channel].tokens;
  if (tokens.size() >= limits_.tokens_per_channel) return {ConfigError::kLimit};
  if (tokens.count(change.token.id) != 0 || value_taken(change.token.value)) return {ConfigError::kConflict};
  tokens[change.token.id] = {change.token.name, change.token.value};
  return {kFine, true};
}

ReferenceModel::Outcome ReferenceModel::on(const RevokeToken& change) {
  if (channels_.count(change.channel) == 0) return {ConfigError::kNotFound};
  return {channels_[change.channel].tokens.erase(change.id) == 1 ? kFine : error_code(ConfigError::kNotFound)};
}

error_code ReferenceModel::room_for(const Drain& drain, std::uint64_t self) const {
  std::size_t with_url = 0;
  std::size_t reserved = 0;
  for (const auto& [id, other] : drains_) {
    if (id == self || other.channel != drain.channel) continue;
    if (!drain.reserved() && other.url == drain.url.reveal()) return ConfigError::kConflict;
    (other.url.empty() ? reserved : with_url) += 1;
  }
  const auto limit = drain.global() ? limits_.global_drains : limits_.drains_per_channel;
  if (drain.reserved() ? reserved >= limit + 16 : with_url >= limit) return ConfigError::kLimit;
  return kFine;
}

ReferenceModel::Outcome ReferenceModel::on(const CreateDrain& change) {
  const auto& drain = change.drain;
  if (!drain.global() && channels_.count(drain.channel) == 0) return {ConfigError::kNotFound};
  if (const auto code = room_for(drain, 0)) return {code};
  drains_[next_drain_++] = {drain.channel, drain.url.reveal(), drain.filter, drain.paused};
  return {kFine, true};
}

ReferenceModel::Outcome ReferenceModel::on(const PutDrain& change) {
  const auto& drain = change.drain;
  if (drains_.count(drain.id) == 0 || drains_[drain.id].channel != drain.channel) return {ConfigError::kNotFound};
  if (drain.reserved()) return {ConfigError::kInvalid};
  if (const auto code = room_for(drain, drain.id)) return {code};
  drains_[drain.id].url = drain.url.reveal();
  drains_[drain.id].filter = drain.filter;
  return {kFine};
}

ReferenceModel::Outcome ReferenceModel::on(const DeleteDrain& change) {
  if (drains_.count(change.id) == 0 || drains_[change.id].channel != change.channel) return {ConfigError::kNotFound};
  drains_.erase(change.id);
  return {kFine};
}

ReferenceModel::Outcome ReferenceModel::on(const SetDrainPaused& change) {
  if (drains_.count(change.id) == 0 || drains_[change.id].channel != change.channel) return {ConfigError::kNotFound};
  drains_[change.id].paused = change.paused;
  return {kFine};
}

ReferenceModel::Outcome ReferenceModel::on(const CreateSession& change) {
  if (channels_.count(change.session.channel) == 0) return {ConfigError::kNotFound};
  if (!sessions_.emplace(change.session.uuid.str(), change.session.expires).second) return {ConfigError::kConflict};
  return {kFine, true};
}

ReferenceModel::Outcome ReferenceModel::on(const RemoveExpired& change) {
  std::erase_if(sessions_, [&change](const auto& session) { return session.second <= change.now; });
  return {kFine};
}

std::string ReferenceModel::describe() const {
  std::ostringstream out;
  for (const auto& [name, app] : apps_) describe_app(out, name, app.domains, app.backends, app.features);
  for (const auto& [id, channel] : channels_) {
    out << "channel " << id << " " << channel.name << (channel.no_tail ? " no_tail" : "");
    std::map<std::uint64_t, TokenState> tokens = channel.tokens;
    for (const auto& [token_id, token] : tokens)
      out << " " << token_id << "=" << token.name << "=" << token.value.str();
    out << "\n";
  }
  for (const auto& [id, drain] : drains_)
    out << "drain " << id << " " << drain.channel << " " << drain.url << " " << drain.filter << " " << drain.paused
        << "\n";
  for (const auto& [uuid, expires] : sessions_) out << "session " << uuid << "\n";
  return out.str();
}

std::string ReferenceModel::describe(const ConfigSnapshot& config) {
  std::ostringstream out;
  for (const auto* entry : config.apps("", 100'000).items)
    describe_app(out, entry->app.name, entry->app.domains, entry->app.backends, entry->app.features);
  for (const auto* entry : config.channels("", 100'000).items) {
    out << "channel " << entry->channel.id << " " << entry->channel.name
        << (entry->channel.flags.no_tail ? " no_tail" : "");
    std::map<std::uint64_t, std::string> tokens;
    for (const auto& token : entry->tokens)
      tokens[token->token.id] = token->token.name + "=" + token->token.value.str();
    for (const auto& [id, text] : tokens) out << " " << id << "=" << text;
    out << "\n";
  }
  std::map<std::uint64_t, const Drain*> drains;
  config.for_each_drain([&drains](const DrainEntry& entry) { drains[entry.drain.id] = &entry.drain; });
  for (const auto& [id, drain] : drains)
    out << "drain " << id << " " << drain->channel << " " << drain->url.reveal() << " " << drain->filter << " "
        << drain->paused << "\n";
  std::set<std::string> sessions;
  config.for_each_session([&sessions](const Session& session) { sessions.insert(session.uuid.str()); });
  for (const auto& uuid : sessions) out << "session " << uuid << "\n";
  return out.str();
}

Backend RandomChanges::backend() {
  return {"web." + std::to_string(rng_.below(4)), "10.0.0.1:" + std::to_string(5000 + rng_.below(3)),
          static_cast<std::uint32_t>(rng_.below(50)), 0, 1};
}

NewToken RandomChanges::token() {
  const auto id = rng_.below(20) == 0 ? token_ids_[rng_.below(token_ids_.size())] : rng_.next();
  token_ids_.push_back(id);
  return {"source" + std::to_string(rng_.below(5)), {7, id}, id};
}

Drain RandomChanges::drain() {
  Drain drain;
  drain.channel = rng_.below(8) == 0 ? std::string() : name();
  drain.token = Uuid::random(rng_);
  drain.id = 1 + rng_.below(40);
  drain.url = Secret(url());
  drain.filter = rng_.below(2) == 0 ? "source=app" : "";
  return drain;
}

Change RandomChanges::app_change() {
  switch (rng_.below(8)) {
    case 0:
      return DeleteApp{name(), rng_.below(2) == 0};
    case 1:
      return PutBackend{name(), backend()};
    case 2:
      return RemoveBackend{name(), "web." + std::to_string(rng_.below(4))};
    case 3:
      return AddDomain{name(), domain()};
    case 4:
      return RemoveDomain{name(), domain()};
    case 5:
      return PatchFeatures{name(), rng_.below(2) == 0, {}, Balance(rng_.below(3))};
    default: {
      PutApp put{name(), {domain(), domain()}, {backend()}, {}};
      if (rng_.below(2) == 0) put.backends.push_back(backend());
      return put;
    }
  }
}

Change RandomChanges::channel_change() {
  switch (rng_.below(6)) {
    case 0:
      return DeleteChannel{rng_.below(6) == 0 ? "_router" : name()};
    case 1:
      return RevokeToken{name(), token_ids_[rng_.below(token_ids_.size())]};
    case 2:
      return CreateToken{name(), token()};
    case 3:
      return PutChannel{name(), "label", ChannelFlags{rng_.below(2) == 0, false}, {}};
    case 4: {
      // Fresh ids here: two tokens of one declaration that collide are refused by another rule.
      PutChannel put{name(), {}, {}, std::vector<NewToken>()};
      for (auto count = rng_.below(4); count > 0; --count) {
        const auto id = rng_.next();
        token_ids_.push_back(id);
        put.tokens->push_back({"source" + std::to_string(rng_.below(5)), {7, id}, id});
      }
      return put;
    }
    default:
      if (rng_.below(4) == 0) return RemoveExpired{WallTime(std::chrono::seconds(rng_.below(50)))};
      return CreateSession{{{rng_.below(200), 1}, name(), "{}", WallTime(std::chrono::seconds(rng_.below(100))), {}}};
  }
}

Change RandomChanges::drain_change() {
  switch (rng_.below(6)) {
    case 0:
      return DeleteDrain{name(), 1 + rng_.below(40)};
    case 1:
      return SetDrainPaused{name(), 1 + rng_.below(40), rng_.below(2) == 0};
    case 2:
      return PutDrain{drain()};
    default:
      return CreateDrain{drain()};
  }
}

Change RandomChanges::next() {
  switch (rng_.below(3)) {
    case 0:
      return app_change();
    case 1:
      return channel_change();
    default:
      return drain_change();
  }
}

}  // namespace sluice
