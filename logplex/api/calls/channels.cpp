#include <boost/json/array.hpp>

#include "logplex/api/calls/handlers.hpp"
#include "logplex/api/frame/changes.hpp"
#include "logplex/api/frame/json_body.hpp"
#include "logplex/api/frame/paging.hpp"

namespace sluice::api {
namespace json = boost::json;
namespace {

constexpr BodyField kChannelFields[] = {
    {"tokens", JsonShape::kStrings, false, "names: missing ones are made, tokens with other names are deleted"},
};
constexpr BodyField kTokenFields[] = {
    {"name", JsonShape::kString, true, "becomes the source of lines written with the token"},
};

NewToken new_token(Rng& rng, std::string name) {
  NewToken token;
  token.name = std::move(name);
  token.value = Uuid::random(rng);
  token.id = rng.next();
  return token;
}

std::vector<NewToken> new_tokens(Rng& rng, const std::vector<std::string>& names) {
  std::vector<NewToken> tokens;
  tokens.reserve(names.size());
  for (const auto& name : names) tokens.push_back(new_token(rng, name));
  return tokens;
}

json::object tokens_json(const ChannelEntry& channel) {
  json::object tokens;
  for (const auto& entry : channel.tokens) tokens[entry->token.name] = token_text('t', entry->token.value);
  return tokens;
}

json::array drains_json(const ChannelEntry& channel, const Principal& who) {
  json::array drains;
  for (const auto& entry : channel.drains) {
    const auto& drain = entry->drain;
    if (drain.reserved()) continue;
    drains.push_back(
        json::object{{"id", drain.id}, {"token", token_text('d', drain.token)}, {"url", shown_url(drain, who)}});
  }
  return drains;
}

/// As in Logplex, an empty list is left out.
json::object channel_json(const ChannelEntry& channel, const Principal& who) {
  json::object out{{"channel", channel.channel.id}};
  if (auto tokens = tokens_json(channel); !tokens.empty()) out["tokens"] = std::move(tokens);
  if (auto drains = drains_json(channel, who); !drains.empty()) out["drains"] = std::move(drains);
  return out;
}

/// `field` is the field of the body that names tokens.
ApiAnswer refused(const Error& error, std::string_view field) {
  return answer_for(error, error.message.starts_with("token name") ? field : std::string_view());
}

ApiAnswer no_channel() { return error_answer(404, "no such channel"); }

}  // namespace

const BodySchema kChannelBody{kChannelFields, true};
const BodySchema kTokenBody{kTokenFields, true};

Task<ApiAnswer> put_channel(ApiCall& call) {
  PutChannel put;
  put.id = call.parameter(0);
  put.incarnation = new_incarnation(call.parts.shard.rng());
  put.tokens = new_tokens(call.parts.shard.rng(), strings_at(call.body, "tokens"));
  Change change = std::move(put);
  const auto applied = co_await call.make(std::move(change));
  if (applied.has_error()) co_return refused(applied.error(), "tokens");
  const auto* channel = call.parts.config().channel(call.parameter(0));
  if (channel == nullptr) co_return no_channel();  // deleted since
  co_return json_answer(applied->created ? 201 : 200, channel_json(*channel, call.who));
}

Task<ApiAnswer> get_channel(ApiCall& call) {
  const auto* channel = call.parts.config().channel(call.parameter(0));
  co_return channel == nullptr ? no_channel() : json_answer(200, channel_json(*channel, call.who));
}

Task<ApiAnswer> delete_channel(ApiCall& call) { return remove_by(call, DeleteChannel{call.parameter(0)}); }

Task<ApiAnswer> list_channels(ApiCall& call) {
  return list_page(call, &visible_channels, [](const ChannelEntry& entry) {
    return json::object{{"channel", entry.channel.id}};
  });
}

Task<ApiAnswer> create_token(ApiCall& call) {
  const auto token = new_token(call.parts.shard.rng(), string_or(call.body, "name"));
  const json::object made{
      {"token", token_text('t', token.value)}, {"name", token.name}, {"id", format_token_id(token.id)}};
  Change change = CreateToken{call.parameter(0), token};
  const auto applied = co_await call.make(std::move(change));
  co_return applied.has_error() ? refused(applied.error(), "name") : json_answer(200, made);
}

Task<ApiAnswer> list_tokens(ApiCall& call) {
  const auto* channel = call.parts.config().channel(call.parameter(0));
  if (channel == nullptr) co_return no_channel();
  json::array items;
  for (const auto& entry : channel->tokens)
    items.push_back(json::object{{"id", format_token_id(entry->token.id)}, {"name", entry->token.name}});
  co_return list_answer(std::move(items), {});
}

Task<ApiAnswer> revoke_token(ApiCall& call) {
  const auto id = parse_token_id(call.parameter(1));
  if (!id) co_return error_answer(404, "no such token");
  Change change = RevokeToken{call.parameter(0), *id};
  auto answer = co_await remove_by(call, std::move(change));
  co_return answer;
}

}  // namespace sluice::api
