#include <algorithm>
#include <set>

#include "logplex/model/decide/decide_parts.hpp"
#include "logplex/model/names.hpp"

namespace sluice {
namespace {

/// Makes a token for a channel, which may be new.
result<Token, Error> new_token(const ConfigSnapshot& config, const std::string& channel, const NewToken& wanted) {
  Token token{wanted.value, wanted.id, wanted.name, channel, {}};
  SLUICE_TRY_VOID(acceptable(token));
  const auto* entry = config.channel(channel);
  const auto same_id = [&wanted](const auto& other) { return other->token.id == wanted.id; };
  const bool id_taken = entry != nullptr && std::any_of(entry->tokens.begin(), entry->tokens.end(), same_id);
  if (id_taken || config.token(wanted.value) != nullptr) return conflict("token already exists");
  return token;
}

/// Checked before anything else, so that a long list costs nothing.
result<void, Error> check_count(const Decider& in, std::size_t wanted) {
  if (wanted > in.limits.tokens_per_channel) return over_limit("maximum number of tokens reached");
  return {};
}

/// Removing a token frees at least this many bytes.
const std::size_t kLeastToken = stored_bytes(Token{});

/// Checks the bytes of tokens that the effects add, less the least that they remove.
result<void, Error> check_token_bytes(const Effects& effects, const Decider& in, const std::string& channel) {
  std::size_t added = 0;
  std::size_t removed = 0;
  for (const auto& effect : effects.list) {
    if (effect.kind != EntryKind::kToken) continue;
    if (effect.entry) added += stored_bytes(*effect.entry);
    if (!effect.entry) removed += kLeastToken + channel.size();
  }
  return check_channel_bytes(in.config, in.limits, channel, removed, added);
}

result<void, Error> add_tokens(Effects& effects, const Decider& in, const std::string& channel,
                               const std::vector<NewToken>& wanted, const std::set<std::string>& there) {
  std::set<std::string> names = there;
  std::set<std::pair<std::uint64_t, std::uint64_t>> values;
  std::set<std::uint64_t> ids;
  for (const auto& token : wanted) {
    if (!names.insert(token.name).second) continue;
    SLUICE_TRY(auto made, new_token(in.config, channel, token));
    if (!values.emplace(made.value.high, made.value.low).second || !ids.insert(made.id).second)
      return invalid("two tokens must not have the same value or id");
    write(effects, std::move(made));
  }
  return check_token_bytes(effects, in, channel);
}

/// Creates and removes tokens, so that an existing or new channel has exactly the declared names.
result<void, Error> declare_tokens(Effects& effects, const Decider& in, const PutChannel& change) {
  SLUICE_TRY_VOID(check_count(in, change.tokens->size()));
  std::set<std::string> declared;
  for (const auto& token : *change.tokens) declared.insert(token.name);
  std::set<std::string> there;
  if (const auto* before = in.config.channel(change.id)) {
    for (const auto& entry : before->tokens) {
      if (declared.count(entry->token.name) == 0)
        remove(effects, EntryKind::kToken, token_key(change.id, entry->token.id));
      else
        there.insert(entry->token.name);
    }
  }
  return add_tokens(effects, in, change.id, *change.tokens, there);
}

}  // namespace

void make_channel(Effects& effects, const ConfigSnapshot& config, Channel channel) {
  for (const auto* waiting : config.keys_waiting_for(channel.id)) {
    auto key = *waiting;
    std::ranges::lower_bound(*key.channels, channel.id, {}, &KeyChannel::id)->incarnation = channel.incarnation;
    write(effects, std::move(key));
  }
  write(effects, std::move(channel));
}

void remove_channel(Effects& effects, const ChannelEntry& channel) {
  for (const auto& token : channel.tokens)
    remove(effects, EntryKind::kToken, token_key(channel.channel.id, token->token.id));
  for (const auto& drain : channel.drains) remove(effects, EntryKind::kDrain, std::to_string(drain->drain.id));
  // `_router` itself stays; only its tokens and drains are deleted.
  if (channel.channel.id != kRouterChannel) remove(effects, EntryKind::kChannel, channel.channel.id);
}

result<Effects, Error> Decider::operator()(const PutChannel& change) const {
  const auto* before = config.channel(change.id);
  Channel channel = before != nullptr ? before->channel : Channel{change.id, {}, {}, {}, 0};
  channel.name = change.name.value_or(channel.name);
  channel.flags = change.flags.value_or(channel.flags);
  SLUICE_TRY_VOID(acceptable(channel));
  Effects effects;
  effects.applied.created = before == nullptr;
  if (before == nullptr) {
    channel.incarnation = change.incarnation;
    make_channel(effects, config, std::move(channel));
  } else {
    write(effects, std::move(channel));
  }
  if (change.tokens) SLUICE_TRY_VOID(declare_tokens(effects, *this, change));
  return effects;
}

result<Effects, Error> Decider::operator()(const CreateChannel& change) const {
  SLUICE_TRY_VOID(check_count(*this, change.tokens.size()));
  Effects effects;
  effects.applied.created = true;
  effects.applied.channel_id = std::to_string(config.next_channel_id());
  if (config.channel(effects.applied.channel_id) != nullptr) return conflict("channel already exists");
  Channel channel{effects.applied.channel_id, change.name, {}, {}, change.incarnation};
  SLUICE_TRY_VOID(acceptable(channel));
  write(effects, std::move(channel));
  SLUICE_TRY_VOID(add_tokens(effects, *this, effects.applied.channel_id, change.tokens, {}));
  return effects;
}

result<Effects, Error> Decider::operator()(const DeleteChannel& change) const {
  const auto* channel = config.channel(change.id);
  if (channel == nullptr) return not_found("no such channel");
  if (change.id == kRouterChannel) return conflict("the channel _router cannot be deleted");
  Effects effects;
  remove_channel(effects, *channel);
  return effects;
}

result<Effects, Error> Decider::operator()(const CreateToken& change) const {
  const auto* channel = config.channel(change.channel);
  if (channel == nullptr) return not_found("no such channel");
  if (channel->tokens.size() >= limits.tokens_per_channel) return over_limit("maximum number of tokens reached");
  SLUICE_TRY(auto token, new_token(config, change.channel, change.token));
  Effects effects;
  effects.applied.created = true;
  write(effects, std::move(token));
  SLUICE_TRY_VOID(check_token_bytes(effects, *this, change.channel));
  return effects;
}

result<Effects, Error> Decider::operator()(const RevokeToken& change) const {
  const auto* channel = config.channel(change.channel);
  if (channel == nullptr) return not_found("no such channel");
  const auto same = [&change](const auto& entry) { return entry->token.id == change.id; };
  if (std::none_of(channel->tokens.begin(), channel->tokens.end(), same)) return not_found("no such token");
  Effects effects;
  remove(effects, EntryKind::kToken, token_key(change.channel, change.id));
  return effects;
}

}  // namespace sluice
