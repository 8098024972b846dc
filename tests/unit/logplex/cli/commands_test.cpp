#include <sys/stat.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/unit/logplex/cli/command_bench.hpp"
#include "tests/unit/logplex/cli/scripted_server.hpp"

namespace sluice::cli {
namespace {

using Pieces = ScriptedServer::Pieces;

std::string answer(const std::string& status, const std::string& body) { return ScriptedServer::answer(status, body); }

/// A directory of this test's own, removed at its end.
class Scratch {
 public:
  Scratch() {
    std::string name = testing::TempDir() + "cli-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Commands, apps_create_checks_then_puts) {
  ScriptedServer server(
      {{answer("404 Not Found", R"({"error":"unknown app"})")},
       {answer("201 Created", R"({"name":"shop","domains":["a.example"],"backends":[],"channel":"shop"})")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"apps", "create", "shop", "-d", "a.example", "--url", server.url(), "--key", "k1"}), 0);
  EXPECT_EQ(bench.out(), "created app shop\napp:      shop\nchannel:  shop\ndomains:  a.example\n");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_TRUE(requests[0].starts_with("GET /v3/apps/shop HTTP/1.1\r\n"));
  EXPECT_TRUE(requests[1].starts_with("PUT /v3/apps/shop HTTP/1.1\r\n"));
  EXPECT_NE(requests[1].find("Authorization: Bearer k1\r\n"), std::string::npos);
  EXPECT_NE(requests[1].find("Content-Type: application/json\r\n"), std::string::npos);
}

TEST(Commands, apps_create_replaces_nothing) {
  ScriptedServer server({{answer("200 OK", R"({"name":"shop"})")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"apps", "create", "shop", "--url", server.url()}), 1);
  EXPECT_NE(bench.err().find("exists already"), std::string::npos);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(Commands, lists_follow_their_pages) {
  ScriptedServer server({{answer("200 OK", R"({"items":[{"name":"a"}],"next":"c/1"})")},
                         {answer("200 OK", R"({"items":[{"name":"b"}],"next":null})")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"apps", "list", "--json", "--url", server.url()}), 0);
  EXPECT_EQ(bench.out(), "[{\"name\":\"a\"},{\"name\":\"b\"}]\n");
  EXPECT_TRUE(server.requests().at(1).starts_with("GET /v3/apps?cursor=c%2F1 HTTP/1.1"));
}

TEST(Commands, status_says_who_is_to_blame) {
  struct Case {
    const char* status;
    const char* body;
    int exit_status;
    const char* says;
  };
  for (const Case& c :
       {Case{"401 Unauthorized", "", 3, "sluice login"},
        Case{"403 Forbidden", R"({"error":"scope apps:write is missing"})", 3, "scope apps:write is missing"},
        Case{"404 Not Found", R"({"error":"unknown app shop"})", 1, "unknown app shop; 'sluice apps list'"},
        Case{"400 Bad Request", R"({"error":"not a host name","field":"domains"})", 1, "(field domains)"},
        Case{"503 Service Unavailable", "", 1, "503"}, Case{"200 OK", "<html>", 1, "not JSON"}}) {
    ScriptedServer server({{answer(c.status, c.body)}});
    CommandBench bench;
    EXPECT_EQ(bench.run({"apps", "show", "shop", "--url", server.url()}), c.exit_status) << c.status;
    EXPECT_NE(bench.err().find(c.says), std::string::npos) << bench.err();
    EXPECT_EQ(std::count(bench.err().begin(), bench.err().end(), '\n'), 1);
    EXPECT_EQ(bench.out(), "");
  }
}

TEST(Commands, no_server_is_one_line_with_its_address) {
  std::string url;
  {
    ScriptedServer gone({});
    url = gone.url();
  }
  CommandBench bench;
  EXPECT_EQ(bench.run({"status", "--url", url}), 1);
  EXPECT_NE(bench.err().find(url), std::string::npos);
}

TEST(Commands, a_cut_answer_is_an_error) {
  ScriptedServer server({{"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"name\""}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"apps", "show", "shop", "--url", server.url()}), 1);
  EXPECT_NE(bench.err().find("closed"), std::string::npos) << bench.err();
}

TEST(Commands, backends_add_takes_the_next_free_name) {
  ScriptedServer server({{answer("200 OK", R"({"name":"shop","backends":[{"name":"web.1","address":"h:1"}]})")},
                         {answer("200 OK", "{}")},
                         {answer("200 OK", "{}")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"backends", "add", "h:2", "web.2=h:3", "--hard", "9", "-a", "shop", "--url", server.url()}), 0);
  EXPECT_EQ(bench.out(), "added web.3=h:2, web.2=h:3\n");
  EXPECT_TRUE(server.requests().at(1).starts_with("PUT /v3/apps/shop/backends/web.3 "));
  EXPECT_NE(server.requests().at(1).find(R"({"address":"h:2","hard":9})"), std::string::npos);
}

TEST(Commands, domains_are_changed_one_by_one) {
  ScriptedServer server({{answer("200 OK", "{}")}, {answer("204 No Content", "")}, {answer("204 No Content", "")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"domains", "add", "a.example", "-a", "shop", "--url", server.url()}), 0);
  EXPECT_EQ(bench.run({"domains", "remove", "a.example", "*.b.example", "-a", "shop", "--url", server.url(), "--json"}),
            0);
  EXPECT_EQ(bench.out(), "{}\n");
  EXPECT_TRUE(server.requests().at(2).starts_with("DELETE /v3/apps/shop/domains/%2A.b.example "));
}

TEST(Commands, tokens_are_revoked_by_name_or_id) {
  const std::string list =
      R"({"items":[{"id":"1","name":"app"},{"id":"2","name":"app"},{"id":"3","name":"worker"}],"next":null})";
  ScriptedServer server({{answer("200 OK", list)}, {answer("204 No Content", "")}, {answer("200 OK", list)}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"tokens", "revoke", "worker", "-a", "shop", "--url", server.url()}), 0);
  EXPECT_TRUE(server.requests().at(1).starts_with("DELETE /v3/channels/shop/tokens/3 "));
  EXPECT_EQ(bench.run({"tokens", "revoke", "app", "-a", "shop", "--url", server.url()}), 2);
  EXPECT_NE(bench.err().find("not unique"), std::string::npos);
}

TEST(Commands, tokens_create_prints_the_token_alone) {
  ScriptedServer server({{answer("200 OK", R"({"token":"t.1","name":"app"})")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"tokens", "create", "-a", "shop", "--url", server.url()}), 0);
  EXPECT_EQ(bench.out(), "t.1\n");
}

TEST(Commands, a_drain_is_found_by_its_url) {
  const std::string list = R"([{"id":4,"token":"d.4","url":"https://h/x"}])";
  ScriptedServer server({{answer("200 OK", list)}, {answer("204 No Content", "")}, {answer("200 OK", list)}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"drains", "remove", "https://h/x", "-a", "shop", "--url", server.url()}), 0);
  EXPECT_TRUE(server.requests().at(1).starts_with("DELETE /v3/channels/shop/drains/4 "));
  EXPECT_EQ(bench.run({"drains", "remove", "https://h/y", "-a", "shop", "--url", server.url()}), 1);
}

TEST(Commands, drains_show_prints_the_ledger) {
  ScriptedServer server({{answer("200 OK", R"({"id":4,"token":"d.4","url":"https://h/x","status":"degraded","stats":{
    "offered":12345,"filtered":1,"delivered":12000,"dropped":{"memory":44},"pending_lines":300,"pending_bytes":70000,
    "in_flight_lines":17,"oldest_pending_age_s":75.5,"latency_ms":12,"last_error":"connection refused",
    "errors":{"connect":3},"node":"n1"}})")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"drains", "show", "4", "--global", "--url", server.url()}), 0);
  for (const char* text : {"offered:     12,345", "dropped:     44 memory", "300 lines, 68.4 KiB, oldest 1m 15s",
                           "in flight:   17", "12 ms", "last error:  connection refused", "errors:      3 connect"}) {
    EXPECT_NE(bench.out().find(text), std::string::npos) << text << "\n" << bench.out();
  }
  EXPECT_TRUE(server.requests().at(0).starts_with("GET /v3/drains/4 "));
}

TEST(Commands, drains_test_fails_when_the_receiver_refused) {
  ScriptedServer server(
      {{answer("200 OK", R"({"delivered":true,"status":null,"latency_ms":3.5,"tls":{"version":"TLSv1.3"}})")},
       {answer("200 OK",
               R"({"delivered":false,"status":500,"latency_ms":2,"error_class":"status","error":"answered 500"})")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"drains", "test", "4", "-a", "shop", "--url", server.url()}), 0);
  EXPECT_NE(bench.out().find("TLSv1.3"), std::string::npos);
  EXPECT_EQ(bench.run({"drains", "test", "4", "-a", "shop", "--url", server.url()}), 1);
  EXPECT_NE(bench.out().find("answered 500"), std::string::npos);
}

TEST(Commands, status_tolerates_what_is_missing) {
  ScriptedServer server({{answer("200 OK", R"({"nodes":[{"node":"n1","version":"0.1.0","uptime_s":3700,"revision":12,
    "buffered_bytes":2048,"memory_budget_bytes":1048576,"rates":{"lines_in_per_s":1234.5,"requests_per_s":0}}],
    "drains_unhealthy":[],
    "store":{"kind":"redis","reachable":false,"revision":13,"trouble":"refused","quarantined_count":2,
      "quarantined":[{"kind":"app","key":"bad","reason":"not JSON"}],
      "nodes":[{"node":"n1:/a","revision":12,"state":"1 change behind"},
               {"node":"n2:/b","revision":9,"state":"not heard of for 42 s; then up to date"}]}})")},
                         {answer("200 OK", "{}")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"status", "--url", server.url()}), 0);
  for (const char* text :
       {"n1", "1h 1m", "12 (behind)", "lines in", "1.23k", "2.00 KiB of 1.00 MiB",
        "redis, not reachable: changes wait (refused)", "2 bad entries set aside",
        "n2:/b              9         not heard of for 42 s", "app        bad   not JSON", "all drains are healthy"}) {
    EXPECT_NE(bench.out().find(text), std::string::npos) << text << "\n" << bench.out();
  }
  EXPECT_EQ(bench.run({"status", "--url", server.url()}), 0);
}

TEST(Commands, top_prints_as_often_as_asked) {
  const std::string status = R"({"nodes":[{"node":"n1","rates":{"lines_in_per_s":5}}]})";
  ScriptedServer server({{answer("200 OK", status)}, {answer("200 OK", status)}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"top", "-n", "2", "-i", "0.5", "--json", "--url", server.url()}), 0);
  EXPECT_EQ(bench.out(), status + "\n" + status + "\n");
  EXPECT_EQ(bench.pauses(), (std::vector<std::chrono::milliseconds>{std::chrono::milliseconds(500)}));
}

TEST(Commands, login_keeps_a_key_for_its_address_only) {
  const Scratch scratch;
  ScriptedServer first({{answer("200 OK", "{}")}, {answer("200 OK", "{}")}});
  ScriptedServer other({{answer("200 OK", "{}")}});
  CommandBench bench;
  bench.environment()["XDG_CONFIG_HOME"] = scratch.path();
  EXPECT_EQ(bench.run({"login", "--url", first.url(), "--key", "secret-1"}), 0) << bench.err();
  EXPECT_EQ(bench.out().find("secret-1"), std::string::npos);
  struct stat file {};
  ASSERT_EQ(::stat((scratch.path() + "/sluice/keys.json").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
  EXPECT_EQ(bench.run({"status"}), 0) << bench.err();
  EXPECT_NE(first.requests().at(1).find("Authorization: Bearer secret-1\r\n"), std::string::npos);
  EXPECT_EQ(bench.run({"status", "--url", other.url()}), 0);
  EXPECT_EQ(other.requests().at(0).find("Authorization"), std::string::npos);
}

TEST(Commands, login_keeps_no_wrong_key) {
  const Scratch scratch;
  ScriptedServer server({{answer("401 Unauthorized", "")}});
  CommandBench bench;
  bench.environment()["XDG_CONFIG_HOME"] = scratch.path();
  EXPECT_EQ(bench.run({"login", "--url", server.url(), "--key", "wrong"}), 3);
  EXPECT_FALSE(std::filesystem::exists(scratch.path() + "/sluice/keys.json"));
}

TEST(Commands, the_environment_names_server_and_key) {
  ScriptedServer server({{answer("200 OK", "{}")}});
  CommandBench bench;
  bench.environment()["SLUICE_URL"] = server.url();
  bench.environment()["SLUICE_API_KEY"] = "from-env";
  EXPECT_EQ(bench.run({"status"}), 0);
  EXPECT_NE(server.requests().at(0).find("Bearer from-env"), std::string::npos);
}

TEST(Commands, a_key_ends_no_header) {
  ScriptedServer server({{answer("200 OK", "{}")}});
  CommandBench bench;
  EXPECT_EQ(bench.run({"status", "--url", server.url(), "--key", "abc\n"}), 0);
  EXPECT_NE(server.requests().at(0).find("Bearer abc\r\n"), std::string::npos);
  EXPECT_EQ(bench.run({"status", "--url", server.url(), "--key", "abc\r\nX-Other: 1"}), 2);
  EXPECT_EQ(bench.err().find("abc"), std::string::npos);
}

TEST(Commands, login_reads_a_key_from_its_input) {
  const Scratch scratch;
  ScriptedServer server({{answer("200 OK", "{}")}});
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "from-input\r\n", 12), 12);
  CommandBench bench;
  bench.world().input = ends[0];
  bench.environment()["XDG_CONFIG_HOME"] = scratch.path();
  EXPECT_EQ(bench.run({"login", "--url", server.url()}), 0) << bench.err();
  EXPECT_NE(server.requests().at(0).find("Bearer from-input\r\n"), std::string::npos);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Commands, completion_needs_no_server) {
  CommandBench bench;
  EXPECT_EQ(bench.run({"completion", "bash"}), 0);
  EXPECT_NE(bench.out().find("complete -F _sluice sluice"), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
