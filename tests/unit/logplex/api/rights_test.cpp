// Who may see what: keys that are limited to channels beside everybody else's entries.
#include <algorithm>
#include <map>
#include <set>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "logplex/api/frame/route.hpp"
#include "logplex/api/routes.hpp"
#include "tests/unit/logplex/api/api_node.hpp"

namespace sluice::api {
namespace {

namespace json = boost::json;

std::string text_of(const json::value& value) { return std::string(std::string_view(value.as_string())); }

class RightsTest : public ::testing::Test {
 protected:
  struct Key {
    std::string id;
    std::string bearer;
  };
  /// The body's members beside the name.
  Key make_key(const std::string& members, const std::string& with = std::string("Bearer ") + ApiNode::kKey) {
    const auto made = node.call("POST", "/v3/keys", R"({"name":"k",)" + members + "}", {}, with);
    EXPECT_EQ(made.status, 201) << made.body;
    if (made.status != 201) return {};
    return {text_of(made.json().at("id")), "Bearer " + text_of(made.json().at("key"))};
  }
  int status_of(const std::string& members, const std::string& with) {
    return node.call("POST", "/v3/keys", R"({"name":"k",)" + members + "}", {}, with).status;
  }
  std::string session_path(const std::string& channel, const std::string& bearer) {
    const auto made =
        node.call("POST", "/v3/sessions", R"({"channel_id":")" + channel + R"(","tail":true})", {}, bearer);
    EXPECT_EQ(made.status, 201) << made.body;
    const auto url = text_of(made.json().at("url"));
    return url.substr(url.find("/sessions/"));
  }
  RawClient open(const std::string& path, const std::string& bearer = {}) {
    RawClient client(node.port());
    client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n" +
                (bearer.empty() ? "" : "Authorization: " + bearer + "\r\n") + "\r\n");
    return client;
  }

  ApiNode node;
};

TEST_F(RightsTest, admin_key_limited_to_channels_makes_no_wider_key) {
  node.make_channel("mine");
  node.make_channel("other");
  const auto mine = make_key(R"("scopes":["admin"],"channels":["mine"],"expires_in":"1h")");
  EXPECT_EQ(status_of(R"("scopes":["admin"],"expires_in":60)", mine.bearer), 403);
  EXPECT_EQ(status_of(R"("scopes":["logs:read"],"channels":["other"],"expires_in":60)", mine.bearer), 403);
  EXPECT_EQ(status_of(R"("scopes":["logs:read"],"channels":["mine"])", mine.bearer), 403);
  EXPECT_EQ(status_of(R"("scopes":["logs:read"],"channels":["mine"],"expires_in":"2h")", mine.bearer), 403);
  EXPECT_EQ(status_of(R"("scopes":["logs:read"],"channels":["mine"],"expires_in":60)", mine.bearer), 201);
}

TEST_F(RightsTest, keys_are_listed_and_deleted_by_those_who_could_have_made_them) {
  node.make_channel("mine");
  const auto all = make_key(R"("scopes":["logs:read"])");
  const auto mine = make_key(R"("scopes":["admin"],"channels":["mine"])");
  const auto part = make_key(R"("scopes":["logs:read"],"channels":["mine"])", mine.bearer);
  std::set<std::string> seen;
  const auto listed = node.call("GET", "/v3/keys", {}, {}, mine.bearer).json();
  for (const auto& item : listed.at("items").as_array()) seen.insert(text_of(item.at("id")));
  EXPECT_EQ(seen, (std::set<std::string>{mine.id, part.id}));
  EXPECT_EQ(node.call("DELETE", "/v3/keys/" + all.id, {}, {}, mine.bearer).status, 404);
  EXPECT_EQ(node.call("DELETE", "/v3/keys/" + part.id, {}, {}, mine.bearer).status, 204);
}

TEST_F(RightsTest, empty_list_of_channels_opens_nothing) {
  node.make_channel("c");
  const auto key = make_key(R"("scopes":["admin"],"channels":[])");
  EXPECT_EQ(node.call("GET", "/v3/channels/c", {}, {}, key.bearer).status, 403);
  EXPECT_EQ(node.call("GET", "/v3/drains", {}, {}, key.bearer).status, 403);
  for (const char* list : {"/v3/channels", "/v3/apps", "/v3/keys"})
    EXPECT_TRUE(node.call("GET", list, {}, {}, key.bearer).json().at("items").as_array().empty()) << list;
  EXPECT_EQ(node.call("GET", "/v3/keys").json().at("items").at(0).at("channels"), json::array());
}

TEST_F(RightsTest, cursors_are_sealed_for_their_list_and_caller) {
  for (const char* id : {"a", "b", "c", "d"}) node.make_channel(id);
  const auto key = make_key(R"("scopes":["apps:read"],"channels":["a","c","d"])");
  const auto first = node.call("GET", "/v3/channels?limit=2", {}, {}, key.bearer).json();
  EXPECT_EQ(first.at("items"), json::parse(R"([{"channel":"a"},{"channel":"c"}])"));
  const auto next = text_of(first.at("next"));
  EXPECT_GT(next.size(), 40u) << "sealed";
  const auto second = node.call("GET", "/v3/channels?limit=2&cursor=" + next, {}, {}, key.bearer).json();
  EXPECT_EQ(second.at("items"), json::parse(R"([{"channel":"d"}])"));
  EXPECT_TRUE(second.at("next").is_null());
  EXPECT_EQ(node.call("GET", "/v3/channels?limit=2&cursor=" + next).status, 400) << "another caller";
  EXPECT_EQ(node.call("GET", "/v3/apps?limit=2&cursor=" + next, {}, {}, key.bearer).status, 400) << "another list";
  EXPECT_EQ(node.call("GET", "/v3/channels?cursor=b", {}, {}, key.bearer).status, 400);
}

TEST_F(RightsTest, apps_read_sees_apps_and_no_token) {
  node.call("PUT", "/v3/apps/shop",
            R"({"domains":["shop.test"],"backends":[{"name":"web.1","address":"10.0.0.1:9"}]})");
  const auto key = make_key(R"("scopes":["apps:read"])");
  for (const char* path : {"/v3/apps", "/v3/apps/shop", "/v3/apps/shop/domains", "/v3/apps/shop/backends",
                           "/v3/apps/shop/certificates", "/v3/channels", "/v3/channels/shop/tokens"})
    EXPECT_EQ(node.call("GET", path, {}, {}, key.bearer).status, 200) << path;
  EXPECT_EQ(node.call("GET", "/v3/channels/shop", {}, {}, key.bearer).status, 403) << "shows tokens";
  EXPECT_EQ(node.call("PUT", "/v3/apps/shop", "{}", {}, key.bearer).status, 403);
}

TEST_F(RightsTest, status_of_a_limited_key_shows_its_own_drains_only) {
  node.make_channel("mine");
  node.make_channel("other");
  node.call("POST", "/v3/channels/mine/drains", R"({"url":"http://127.0.0.1:9/"})");
  node.call("POST", "/v3/channels/other/drains", R"({"url":"http://127.0.0.1:9/"})");
  const auto key = make_key(R"("scopes":["drains:read"],"channels":["mine"])");
  const auto status = node.call("GET", "/v3/status", {}, {}, key.bearer).json();
  EXPECT_EQ(status.at("limited"), json::value(true));
  EXPECT_EQ(status.at("nodes"), json::parse(R"([{"name":"n1","ready":true}])"));
  ASSERT_EQ(status.at("drains").as_array().size(), 1u);
  EXPECT_EQ(text_of(status.at("drains").at(0).at("channel")), "mine");
  EXPECT_EQ(status.as_object().size(), 3u);
}

TEST_F(RightsTest, keys_and_sessions_die_with_their_channel) {
  node.make_channel("c");
  const auto key = make_key(R"("scopes":["logs:read"],"channels":["c"])");
  const auto session = session_path("c", key.bearer);
  const auto nodes_own = session_path("c", std::string("Bearer ") + ApiNode::kKey);
  EXPECT_EQ(node.call("DELETE", "/v3/channels/c").status, 204);
  node.make_channel("c");
  node.append("c", 0, 1);
  EXPECT_EQ(node.call("GET", "/v3/channels/c/logs", {}, {}, key.bearer).status, 403);
  EXPECT_EQ(node.call("GET", session, {}, {}, "").status, 404);
  EXPECT_EQ(node.call("GET", nodes_own, {}, {}, "").status, 404);
}

TEST_F(RightsTest, deleting_a_key_ends_its_streams_and_sessions) {
  node.make_channel("c");
  const auto key = make_key(R"("scopes":["logs:read"],"channels":["c"])");
  const auto session = session_path("c", key.bearer);
  auto tail = open("/v3/channels/c/logs?tail=1", key.bearer);
  auto by_session = open(session);
  auto others = open("/v3/channels/c/logs?tail=1", std::string("Bearer ") + ApiNode::kKey);
  StreamReader one(tail), two(by_session), three(others);
  one.head();
  two.head();
  three.head();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(node.call("DELETE", "/v3/keys/" + key.id).status, 204);
  one.all();
  two.all();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  EXPECT_EQ(node.call("GET", session, {}, {}, "").status, 404);
  node.append("c", 0, 1);
  EXPECT_NE(three.until("n0").find("n0"), std::string::npos);
}

TEST_F(RightsTest, streams_end_with_the_key_that_expires) {
  node.make_channel("c");
  const auto key = make_key(R"("scopes":["logs:read"],"channels":["c"],"expires_in":"1s")");
  auto tail = open("/v3/channels/c/logs?tail=1", key.bearer);
  StreamReader stream(tail);
  stream.head();
  stream.all();
  EXPECT_EQ(node.call("GET", "/v3/status", {}, {}, key.bearer).status, 401);
}

TEST_F(RightsTest, sessions_cost_the_store_nothing) {
  node.make_channel("c");
  session_path("c", std::string("Bearer ") + ApiNode::kKey);
  const auto before = node.call("GET", "/v3/status").json().at("store").at("revision");
  for (int i = 0; i < 5; ++i) session_path("c", std::string("Bearer ") + ApiNode::kKey);
  EXPECT_EQ(node.call("GET", "/v3/status").json().at("store").at("revision"), before);
}

TEST_F(RightsTest, pages_of_other_sites_are_refused) {
  node.make_channel("c");
  for (const char* header : {"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example",
                             "Origin: null", "Origin: http://api.test:8002"})
    EXPECT_EQ(node.call("POST", "/v3/channels/c/drains", "{}", {header}).status, 403) << header;
  for (const char* header : {"Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none", "Origin: http://api.test:8001"})
    EXPECT_EQ(node.call("GET", "/v3/channels/c", {}, {header}).status, 200) << header;
  const auto form = "Content-Type: application/x-www-form-urlencoded";
  EXPECT_EQ(node.call("POST", "/v3/channels/c/drains/1/pause", {}, {form}).status, 415);
}

TEST_F(RightsTest, answers_are_neither_kept_nor_guessed_at) {
  node.make_channel("c");
  node.append("c", 0, 1);
  for (const char* path : {"/v3/channels/c", "/v3/keys", "/v3/nothing", "/v3/channels/c/logs", "/sessions/none"}) {
    const auto seen = node.call("GET", path);
    EXPECT_EQ(seen.header("Cache-Control"), "no-store") << path;
    EXPECT_EQ(seen.header("X-Content-Type-Options"), "nosniff") << path;
  }
}

TEST_F(RightsTest, a_wrong_key_is_told_so) {
  EXPECT_NE(node.call("GET", "/v3/apps", {}, {}, "Bearer wrong").error(),
            node.call("GET", "/v3/apps", {}, {}, "").error());
}

TEST_F(RightsTest, errors_are_JSON_whatever_they_quote) {
  node.make_channel("c");
  const auto seen = node.call("GET", "/v3/channels/c/logs?filter=%ff%fe~");
  EXPECT_EQ(seen.status, 400);
  EXPECT_FALSE(seen.error().empty());
}

// Every row of the table, as a limited key sees it, before and after everybody else's entries change.

/// What a row is asked with: its parameters and its body. A row that is not here fails the test.
struct Question {
  std::map<std::string, std::string> parameters;
  std::string body;
};

const std::map<std::string, Question>& questions() {
  static const std::map<std::string, Question> kQuestions = {
      {"GET /v3/healthcheck", {}},
      {"GET /v3/openapi.json", {}},
      {"GET /v3/status", {}},
      {"GET /v3/channels", {}},
      {"PUT /v3/channels/:c", {{}, R"({"tokens":["app"]})"}},
      {"GET /v3/channels/:c", {}},
      {"DELETE /v3/channels/:c", {}},
      {"POST /v3/channels/:c/tokens", {{}, R"({"name":"more"})"}},
      {"GET /v3/channels/:c/tokens", {}},
      {"DELETE /v3/channels/:c/tokens/:id", {{{":id", "0000000000000001"}}, {}}},
      {"GET /v3/channels/:c/logs", {}},
      {"POST /v3/channels/:c/drains", {{}, R"({"url":"http://127.0.0.1:9/new"})"}},
      {"GET /v3/channels/:c/drains", {}},
      {"GET /v3/channels/:c/drains/:d", {{{":d", "1"}}, {}}},
      {"PUT /v3/channels/:c/drains/:d", {{{":d", "1"}}, R"({"url":"http://127.0.0.1:9/put"})"}},
      {"DELETE /v3/channels/:c/drains/:d", {{{":d", "77"}}, {}}},
      {"POST /v3/channels/:c/drains/:d/test", {{{":d", "1"}}, {}}},
      {"POST /v3/channels/:c/drains/:d/pause", {{{":d", "1"}}, {}}},
      {"POST /v3/channels/:c/drains/:d/resume", {{{":d", "1"}}, {}}},
      {"POST /v3/channels/:c/drains/:d/replay", {{{":d", "1"}}, R"({"since":"1h"})"}},
      {"POST /v3/drains", {{}, R"({"url":"http://127.0.0.1:9/"})"}},
      {"GET /v3/drains", {}},
      {"GET /v3/drains/:d", {{{":d", "2"}}, {}}},
      {"PUT /v3/drains/:d", {{{":d", "2"}}, R"({"url":"http://127.0.0.1:9/"})"}},
      {"DELETE /v3/drains/:d", {{{":d", "2"}}, {}}},
      {"POST /v3/drains/:d/test", {{{":d", "2"}}, {}}},
      {"POST /v3/drains/:d/pause", {{{":d", "2"}}, {}}},
      {"POST /v3/drains/:d/resume", {{{":d", "2"}}, {}}},
      {"POST /v3/drains/:d/replay", {{{":d", "2"}}, R"({"since":"1h"})"}},
      {"GET /v3/apps", {}},
      {"PUT /v3/apps/:app", {{}, R"({"domains":["mine.example.com"]})"}},
      {"GET /v3/apps/:app", {}},
      {"PATCH /v3/apps/:app", {{}, R"({"features":{"maintenance":true}})"}},
      {"DELETE /v3/apps/:app", {}},
      {"GET /v3/apps/:app/backends", {}},
      {"GET /v3/apps/:app/domains", {}},
      {"PUT /v3/apps/:app/backends/:name", {{{":name", "web.1"}}, R"({"address":"10.0.0.1:80"})"}},
      {"DELETE /v3/apps/:app/backends/:name", {{{":name", "web.1"}}, {}}},
      {"PUT /v3/apps/:app/domains/:domain", {{{":domain", "two.example.com"}}, {}}},
      {"DELETE /v3/apps/:app/domains/:domain", {{{":domain", "two.example.com"}}, {}}},
      {"GET /v3/apps/:app/certificates", {}},
      {"PUT /v3/apps/:app/certificates/:name", {{{":name", "main"}}, R"({"chain":"x","key":"y"})"}},
      {"POST /v3/sessions", {{}, R"({"channel_id":"CHANNEL"})"}},
      {"GET /sessions/:id", {{{":id", "none"}}, {}}},
      {"POST /v3/keys", {{}, R"({"name":"k","scopes":["logs:read"],"channels":["CHANNEL"]})"}},
      {"GET /v3/keys", {}},
      {"DELETE /v3/keys/:id", {{{":id", "none"}}, {}}},
  };
  return kQuestions;
}

std::string name_of(const Route& route) { return std::string(to_string(route.method)) + " " + std::string(route.path); }

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

/// Ids, secrets, urls and times are new in each answer, and lists may stand in the order of ids; all else must be the
/// same.
json::value without_chance(const json::value& value) {
  static const std::set<std::string_view> kChance = {"id", "token", "tokens", "key", "url", "since", "next", "expires"};
  if (const auto* list = value.if_array()) {
    json::array out;
    for (const auto& item : *list) out.push_back(without_chance(item));
    std::ranges::sort(out, {}, [](const json::value& item) { return json::serialize(item); });
    return out;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return value;
  json::object out;
  for (const auto& [name, member] : *object)
    out[name] = kChance.count(name) != 0 ? json::value("-") : without_chance(member);
  return out;
}

std::string ask(ApiNode& node, const Route& route, const std::string& channel, const std::string& bearer) {
  const auto& question = questions().at(name_of(route));
  auto path = replaced(replaced(std::string(route.path), ":app", channel), ":c/", channel + "/");
  if (path.ends_with(":c")) path = path.substr(0, path.size() - 2) + channel;
  for (const auto& [name, value] : question.parameters) path = replaced(std::move(path), name, value);
  const auto seen =
      node.call(std::string(to_string(route.method)), path, replaced(question.body, "CHANNEL", channel), {}, bearer);
  const auto out = name_of(route) + " on " + channel + ": " + std::to_string(seen.status) + " ";
  boost::system::error_code no_json;
  const auto body = json::parse(seen.body, no_json);
  return out + (no_json ? seen.body : json::serialize(without_chance(body)));
}

void ask_pages(ApiNode& node, const std::string& list, const std::string& bearer, std::vector<std::string>& out) {
  std::string cursor;
  std::vector<std::string> pages;
  for (bool more = true; more && pages.size() < 20;) {
    const auto seen = node.call("GET", list + "?limit=1&cursor=" + cursor, {}, {}, bearer);
    const auto body = seen.json();
    pages.push_back(list + " page: " + json::serialize(without_chance(body)));
    more = seen.status == 200 && !body.at("next").is_null();
    if (more) cursor = text_of(body.at("next"));
  }
  std::ranges::sort(pages);
  out.insert(out.end(), pages.begin(), pages.end());
}

/// What a key is told about its own channel and about one that is not its own: all rows, all pages.
std::vector<std::string> everything(ApiNode& node, const std::string& bearer) {
  std::vector<std::string> out;
  for (const auto& route : api_routes())
    for (const char* channel : {"own", "foreign"})
      if (route.method != Method::kDelete) out.push_back(ask(node, route, channel, bearer));
  for (const char* list : {"/v3/channels", "/v3/apps", "/v3/keys"}) ask_pages(node, list, bearer, out);
  for (const auto& route : api_routes())
    if (route.method == Method::kDelete) out.push_back(ask(node, route, "foreign", bearer));
  return out;
}

/// What the caller has, in both nodes made in the same order.
std::string prepare(ApiNode& node) {
  node.call("PUT", "/v3/apps/own", "{}");
  node.call("POST", "/v3/channels/own/drains", R"({"url":"http://127.0.0.1:9/one"})");
  node.call("PUT", "/v3/apps/second", "{}");
  const auto made = node.call("POST", "/v3/keys", R"({"name":"k","scopes":["admin"],"channels":["own","second"]})");
  return "Bearer " + text_of(made.json().at("key"));
}

/// What others have: much, some of it deleted again.
void add_others(ApiNode& node) {
  for (int i = 0; i < 20; ++i) {
    const auto id = "foreign" + (i == 0 ? std::string() : std::to_string(i));
    node.call("PUT", "/v3/apps/" + id, R"({"domains":[")" + id + R"(.test"]})");
    node.call("POST", "/v3/channels/" + id + "/tokens", R"({"name":"t"})");
    node.call("POST", "/v3/channels/" + id + "/drains", R"({"url":"http://127.0.0.1:9/x"})");
    node.call("POST", "/v3/keys", R"({"name":"k","scopes":["logs:read"],"channels":[")" + id + R"("]})");
    if (i % 3 == 2) node.call("DELETE", "/v3/apps/" + id);
    if (i < 3) node.call("POST", "/v3/drains", R"({"url":"http://127.0.0.1:9/)" + std::to_string(i) + R"("})");
  }
  node.call("POST", "/v3/keys", R"({"name":"all","scopes":["admin"]})");
  node.call("POST", "/v3/keys", R"({"name":"none","scopes":["admin"],"channels":[]})");
  node.drains.ill.push_back({1, {}});
}

TEST(EveryRow, every_row_has_its_question) {
  std::set<std::string> rows;
  for (const auto& route : api_routes()) {
    rows.insert(name_of(route));
    EXPECT_EQ(questions().count(name_of(route)), 1u) << "say here what is asked of the new row " << name_of(route);
  }
  EXPECT_EQ(rows.size(), questions().size());
}

/// Two nodes are asked the same: in one the caller is alone, in the other it is among many.
TEST(EveryRow, answers_to_a_limited_key_do_not_change_when_the_entries_of_others_do) {
  ApiNode alone;
  ApiNode among;
  const auto key_alone = prepare(alone);
  const auto key_among = prepare(among);
  add_others(among);
  const auto expected = everything(alone, key_alone);
  const auto seen = everything(among, key_among);
  ASSERT_EQ(expected.size(), seen.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(expected[i], seen[i]);
}

}  // namespace
}  // namespace sluice::api
