#include <gtest/gtest.h>

#include "tests/unit/logplex/cli/command_bench.hpp"
#include "tests/unit/logplex/cli/scripted_server.hpp"

namespace sluice::cli {
namespace {

std::string answer(const std::string& status, const std::string& body) { return ScriptedServer::answer(status, body); }

/// A descriptor from which `text` can be read, then the end.
class Input {
 public:
  explicit Input(const std::string& text) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(ends[1]);
    fd_ = ends[0];
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() { ::close(fd_); }
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

TEST(Send, posts_frames_with_the_channels_token) {
  ScriptedServer ingress({{answer("204 No Content", "")}, {answer("204 No Content", "")}});
  ScriptedServer api({{answer("200 OK", "{\"nodes\":[{\"ingress\":{\"http\":\"" + ingress.url().substr(7) + "\"}}]}")},
                      {answer("200 OK", R"({"channel":"shop","tokens":{"app":"t.1"}})")}});
  const Input input("one\ntwo");
  CommandBench bench;
  bench.world().input = input.fd();
  EXPECT_EQ(bench.run({"send", "-a", "shop", "--proc", "worker.1", "--json", "--url", api.url(), "--key", "api-key"}),
            0)
      << bench.err();
  EXPECT_EQ(bench.out(), "{\"sent\":2}\n");
  const std::string request = ingress.requests().at(0);
  EXPECT_TRUE(request.starts_with("POST /logs HTTP/1.1\r\n"));
  for (const char* text : {"Authorization: Basic dG9rZW46dC4x\r\n", "Content-Type: application/logplex-1\r\n",
                           "Logplex-Msg-Count: 1\r\n", " app worker.1 - - one\n"}) {
    EXPECT_NE(request.find(text), std::string::npos) << text << "\n" << request;
  }
  EXPECT_EQ(request.find("api-key"), std::string::npos);
}

TEST(Send, makes_a_token_when_there_is_none) {
  ScriptedServer ingress({{answer("204 No Content", "")}});
  ScriptedServer api(
      {{answer("200 OK", R"({"channel":"shop"})")}, {answer("200 OK", R"({"token":"t.2","name":"deploy"})")}});
  const Input input("x\n");
  CommandBench bench;
  bench.world().input = input.fd();
  EXPECT_EQ(bench.run({"send", "-a", "shop", "--source", "deploy", "--ingress", ingress.url(), "--url", api.url()}), 0)
      << bench.err();
  EXPECT_TRUE(api.requests().at(1).starts_with("POST /v3/channels/shop/tokens "));
  EXPECT_NE(api.requests().at(1).find(R"({"name":"deploy"})"), std::string::npos);
  EXPECT_EQ(ingress.requests().size(), 1U);
}

TEST(Send, tries_again_while_the_ingress_is_busy) {
  ScriptedServer ingress({{answer("503 Service Unavailable", "")}, {}, {answer("204 No Content", "")}});
  ScriptedServer api({{answer("200 OK", R"({"tokens":{"app":"t.1"}})")}});
  const Input input("x\n");
  CommandBench bench;
  bench.world().input = input.fd();
  EXPECT_EQ(bench.run({"send", "-a", "shop", "--ingress", ingress.url(), "--url", api.url()}), 0) << bench.err();
  EXPECT_EQ(ingress.requests().size(), 3U);
  EXPECT_EQ(bench.pauses().size(), 2U);
}

TEST(Send, a_refused_token_is_not_authorised) {
  ScriptedServer ingress({{answer("401 Unauthorized", "")}});
  ScriptedServer api({{answer("200 OK", R"({"tokens":{"app":"t.1"}})")}});
  const Input input("x\n");
  CommandBench bench;
  bench.world().input = input.fd();
  EXPECT_EQ(bench.run({"send", "-a", "shop", "--ingress", ingress.url(), "--url", api.url()}), 3);
  EXPECT_NE(bench.err().find("0 lines were sent"), std::string::npos);
}

TEST(Send, a_key_that_sees_no_tokens_sends_by_itself) {
  ScriptedServer ingress({{answer("204 No Content", "")}});
  ScriptedServer api({{answer("403 Forbidden", R"({"error":"this key lacks the scope apps:read"})")}});
  const Input input("x\n");
  CommandBench bench;
  bench.world().input = input.fd();
  EXPECT_EQ(bench.run({"send", "-a", "a+b", "--ingress", ingress.url(), "--url", api.url(), "--key", "writer"}), 0)
      << bench.err();
  const std::string request = ingress.requests().at(0);
  EXPECT_EQ(request.rfind("POST /logs?channel=a%2Bb&source=app HTTP/1.1\r\n", 0), 0U) << request;
  EXPECT_NE(request.find("Authorization: Bearer writer\r\n"), std::string::npos) << request;
}

TEST(Send, an_unknown_channel_says_how_to_make_it) {
  ScriptedServer api({{answer("404 Not Found", R"({"error":"channel not found"})")}});
  const Input input("");
  CommandBench bench;
  bench.world().input = input.fd();
  EXPECT_EQ(bench.run({"send", "-a", "shop", "--ingress", "http://127.0.0.1:1", "--url", api.url()}), 1);
  EXPECT_NE(bench.err().find("sluice apps create shop"), std::string::npos);
}

TEST(Send, many_lines_go_in_batches) {
  ScriptedServer ingress(
      {{answer("204 No Content", "")}, {answer("204 No Content", "")}, {answer("204 No Content", "")}});
  ScriptedServer api({{answer("200 OK", R"({"tokens":{"app":"t.1"}})")}});
  std::string text;
  for (int i = 0; i < 1200; ++i) text += "line\n";
  const Input input(text);
  CommandBench bench;
  bench.world().input = input.fd();
  EXPECT_EQ(bench.run({"send", "-a", "shop", "--ingress", ingress.url(), "--url", api.url()}), 0) << bench.err();
  const auto requests = ingress.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_NE(requests[0].find("Logplex-Msg-Count: 500\r\n"), std::string::npos);
  EXPECT_NE(requests[2].find("Logplex-Msg-Count: 200\r\n"), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
