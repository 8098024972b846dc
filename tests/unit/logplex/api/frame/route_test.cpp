#include "logplex/api/frame/route.hpp"

#include <set>

#include <gtest/gtest.h>

#include "logplex/api/frame/openapi.hpp"
#include "logplex/api/routes.hpp"

namespace sluice::api {
namespace {

TEST(RouteTable, finds_rows_and_decodes_parameters) {
  const RouteTable table(api_routes());
  const auto match = table.find("DELETE", "/v3/channels/a%3Ab/tokens/00ff");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.route->path, "/v3/channels/:c/tokens/:id");
  EXPECT_EQ(match.parameters, (std::vector<std::string>{"a:b", "00ff"}));
}

TEST(RouteTable, unknown_path_has_no_allow_and_known_path_has) {
  const RouteTable table(api_routes());
  for (const char* path :
       {"/", "", "/v3", "/v3/", "/v3/nothing", "/v3/channels//tokens", "/v3/channels/c/", "v3/apps"}) {
    const auto match = table.find("GET", path);
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_TRUE(match.allow.empty()) << path;
  }
  for (const char* method : {"POST", "HEAD", "OPTIONS", "get"}) {
    const auto match = table.find(method, "/v3/channels/c");
    EXPECT_EQ(match.route, nullptr);
    EXPECT_EQ(match.allow, "PUT, GET, DELETE");
  }
}

TEST(RouteTable, bad_percent_encoding_is_no_path) {
  const RouteTable table(api_routes());
  EXPECT_EQ(table.find("GET", "/v3/channels/%zz").route, nullptr);
}

TEST(Routes, every_row_is_whole_and_reachable) {
  const RouteTable table(api_routes());
  std::set<std::string> seen;
  for (const auto& route : api_routes()) {
    const auto name = std::string(to_string(route.method)) + " " + std::string(route.path);
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_NE(route.handler, nullptr) << name;
    EXPECT_FALSE(route.summary.empty()) << name;
    EXPECT_EQ(table.find(to_string(route.method), route.path).route, &route) << name;
  }
}

TEST(Routes, only_health_description_and_sessions_need_no_key) {
  std::set<std::string_view> open;
  for (const auto& route : api_routes())
    if (route.access == Access::kAnybody) open.insert(route.path);
  EXPECT_EQ(open, (std::set<std::string_view>{"/v3/healthcheck", "/v3/openapi.json", "/sessions/:id"}));
}

TEST(Routes, paths_that_name_a_channel_or_app_are_known_to_do_so) {
  for (const auto& route : api_routes()) {
    const bool named = route.path.starts_with("/v3/channels/") || route.path.starts_with("/v3/apps/");
    EXPECT_EQ(route.channel_parameter().has_value(), named) << route.path;
  }
}

TEST(OpenApi, has_each_row_with_its_parameters_and_body) {
  const RouteTable table(api_routes());
  const auto document = openapi_document(table);
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  std::size_t operations = 0;
  for (const auto& path : document.at("paths").as_object()) operations += path.value().as_object().size();
  EXPECT_EQ(operations, api_routes().size());
  const auto& put = document.at("paths").at("/v3/apps/{app}/backends/{name}").at("put");
  EXPECT_EQ(put.at("parameters").as_array().size(), 2u);
  const auto& schema = put.at("requestBody").at("content").at("application/json").at("schema");
  EXPECT_EQ(schema.at("required").as_array().at(0).as_string(), "address");
  EXPECT_FALSE(schema.at("additionalProperties").as_bool());
}

}  // namespace
}  // namespace sluice::api
