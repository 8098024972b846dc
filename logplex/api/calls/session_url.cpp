#include "logplex/api/calls/session_url.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "logplex/api/frame/json_body.hpp"
#include "logplex/model/channel.hpp"

namespace sluice::api {
namespace json = boost::json;

std::string SessionUrl::to_text() const {
  const auto end = rights.until ? rights.until->time_since_epoch().count() : 0;
  return json::serialize(json::object{{"key", rights.by_key},
                                      {"maker", rights.maker},
                                      {"channel", rights.channel},
                                      {"incarnation", format_token_id(rights.incarnation)},
                                      {"until", end},
                                      {"query", query},
                                      {"number", format_token_id(number)}});
}

std::optional<SessionUrl> SessionUrl::from_text(std::string_view text) {
  error_code error;
  const auto value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto& object = value.get_object();
  const auto incarnation = parse_token_id(string_or(object, "incarnation"));
  const auto* until = member(object, "until");
  const auto* key = member(object, "key");
  if (!incarnation || until == nullptr || !until->is_int64() || key == nullptr || !key->is_bool()) return std::nullopt;
  SessionUrl session;
  session.rights = {key->get_bool(), string_or(object, "maker"), string_or(object, "channel"), *incarnation,
                    WallTime(std::chrono::microseconds(until->get_int64()))};
  session.query = string_or(object, "query");
  return session;
}

}  // namespace sluice::api
