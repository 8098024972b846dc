#include "logplex/model/entry.hpp"

#include "logplex/base/bytes/utf8.hpp"

namespace sluice {
namespace {

constexpr std::string_view kKindNames[] = {"app", "channel", "token", "drain", "session", "key", "credential"};

struct KeyOfEntry {
  std::string operator()(const App& app) const { return app.name; }
  std::string operator()(const Channel& channel) const { return channel.id; }
  std::string operator()(const Token& token) const { return token_key(token.channel, token.id); }
  std::string operator()(const Drain& drain) const { return std::to_string(drain.id); }
  std::string operator()(const Session& session) const { return session.uuid.str(); }
  std::string operator()(const ApiKey& key) const { return key.id; }
  std::string operator()(const Credential& credential) const { return credential.id; }
};

}  // namespace

std::string_view name_of(EntryKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

std::optional<EntryKind> parse_kind(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kKindNames); ++i)
    if (kKindNames[i] == name) return EntryKind(i);
  return std::nullopt;
}

EntryKind kind_of(const Entry& entry) { return EntryKind(entry.index()); }

std::string key_of(const Entry& entry) { return std::visit(KeyOfEntry(), entry); }

std::string token_key(std::string_view channel, std::uint64_t id) {
  return std::string(channel) + "/" + format_token_id(id);
}

std::string public_key(EntryKind kind, std::string_view key) {
  constexpr std::size_t kShown = 8;
  if (kind != EntryKind::kSession || key.size() <= kShown) return shown_text(key);
  return shown_text(key.substr(0, kShown)) + "...";
}

}  // namespace sluice
