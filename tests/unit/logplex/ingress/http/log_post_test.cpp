#include <poll.h>

#include <algorithm>

#include <gmock/gmock.h>

#include "logplex/ingress/turn_share.hpp"
#include "logplex/wire/gzip.hpp"
#include "tests/unit/logplex/ingress/ingress_fixture.hpp"

namespace sluice::ingress {
namespace {

class LogPostTest : public IngressTest {
 protected:
  struct Request {
    std::string method = "POST";
    std::string path = "/logs";
    std::string user = "token";
    std::string password;
    std::string type = "application/logplex-1";
    std::string more;  // header lines
    std::string body;
  };

  Request good(std::string body) {
    Request request;
    request.password = text_of(token);
    request.body = std::move(body);
    return request;
  }
  static std::string bytes(const Request& r, bool authorized = true) {
    std::string head = r.method + " " + r.path + " HTTP/1.1\r\nHost: h\r\n";
    if (authorized) head += "Authorization: Basic " + base64(r.user + ":" + r.password) + "\r\n";
    if (!r.type.empty()) head += "Content-Type: " + r.type + "\r\n";
    return head + r.more + "Content-Length: " + std::to_string(r.body.size()) + "\r\n\r\n" + r.body;
  }
  std::string exchange(const std::string& request) {
    RawClient client(port("ingress.http"));
    client.send(request);
    return client.read_response();
  }
  std::string exchange(const Request& request) { return exchange(bytes(request)); }
};

std::string status_of(const std::string& response) { return response.substr(0, response.find("\r\n")); }
std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }

TEST_F(LogPostTest, lines_are_in_their_channel_when_204_is_there) {
  start();
  for (int i = 0; i < 20; ++i) {
    const auto response = exchange(good(line("token", "one\n") + line("anything", "two")));
    ASSERT_EQ(status_of(response), "HTTP/1.1 204 No Content") << response;
    ASSERT_EQ(lines("app-one").size(), static_cast<std::size_t>(2 * i + 2));
  }
  EXPECT_EQ(lines("app-one")[0], "app web.1 one\n");
  EXPECT_EQ(lines("app-one")[1], "app web.1 two");
  EXPECT_TRUE(lines("app-two").empty());
}

TEST_F(LogPostTest, every_refusal_has_its_code_text_and_order) {
  start();
  struct Row {
    const char* what;
    Request request;
    const char* status;
    const char* text;
  };
  const std::string frame = line("token", "x");
  std::vector<Row> rows;
  const auto add = [&](const char* what, const char* status, const char* text, auto change) {
    Request request = good(frame);
    change(request);
    rows.push_back({what, request, status, text});
  };
  add("method before anything", "405 ", "Method Not Allowed", [](Request& r) {
    r.method = "GET";
    r.user = "nobody";
  });
  add("unknown token", "401 ", "Not Authorized",
      [](Request& r) { r.password = "t.00000000-0000-4000-8000-000000000000"; });
  add("no token", "401 ", "Not Authorized", [](Request& r) { r.password = "t.x"; });
  add("unknown credential", "401 ", "Not Authorized", [](Request& r) {
    r.user = "who";
    r.password = "password";
  });
  add("wrong password", "401 ", "Not Authorized", [](Request& r) {
    r.user = "writer";
    r.password = "wrong";
  });
  add("credential before type", "403 ", "Credential not permitted to write to any channel.", [](Request& r) {
    r.user = "reader";
    r.password = "password";
    r.type = "text/plain";
  });
  add("type", "415 ", "", [](Request& r) { r.type = "text/plain"; });
  add("no type", "415 ", "", [](Request& r) { r.type = ""; });
  add("malformed", "400 ", "Malformed log messages", [&](Request& r) { r.body = frame + "no frame\n"; });
  add("ends inside a frame", "400 ", "Malformed log messages", [&](Request& r) { r.body = frame + "100 <1"; });
  add("ends inside a length", "400 ", "Malformed log messages", [&](Request& r) { r.body = frame + "1"; });
  add("unterminated line", "400 ", "Malformed log messages", [&](Request& r) { r.body = frame + "garbage"; });
  add("frame too long", "400 ", "Malformed log messages",
      [&](Request& r) { r.body = counted(std::string(10241, 'x')) + "\n"; });
  add("count", "400 ", "Message count mismatch", [](Request& r) { r.more = "Logplex-Msg-Count: 2\r\n"; });
  add("count is no number", "400 ", "Message count mismatch", [](Request& r) { r.more = "Logplex-Msg-Count: 1x\r\n"; });
  add("gzip", "400 ", "Bad request", [](Request& r) { r.more = "Content-Encoding: gzip\r\n"; });
  add("cut gzip", "400 ", "Bad request", [&](Request& r) {
    r.more = "Content-Encoding: gzip\r\n";
    r.body = gzip(frame);
    r.body.pop_back();
  });
  for (const char* coding : {"zstd", "br", "deflate", "gzip, gzip", "compress"})
    add(coding, "415 ", "Content-Encoding must be gzip, or left out",
        [coding](Request& r) { r.more = std::string("Content-Encoding: ") + coding + "\r\n"; });
  add("two codings", "415 ", "", [&](Request& r) {
    r.more = "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n";
    r.body = gzip(frame);
  });
  add("gzip bomb", "413 ", "", [](Request& r) {
    r.more = "Content-Encoding: gzip\r\n";
    r.body = gzip(std::string(9'000'000, '1'));
  });
  for (const auto& row : rows) {
    const auto response = exchange(row.request);
    EXPECT_EQ(response.rfind(std::string("HTTP/1.1 ") + row.status, 0), 0u) << row.what << ": " << response;
    if (*row.text != '\0') {
      EXPECT_EQ(body_of(response), row.text) << row.what;
    }
    const bool challenge = response.find("\r\nWWW-Authenticate: Basic realm=Logplex\r\n") != std::string::npos;
    EXPECT_TRUE(challenge || (*row.status != '4' || row.status[1] != '0' || row.status[2] == '5')) << row.what;
  }
  EXPECT_TRUE(lines("app-one").empty());
  EXPECT_EQ(counters().lines, 0u);
}

TEST_F(LogPostTest, authorization_that_cannot_be_read_is_401) {
  start();
  const Request request = good(line("x", "y"));
  for (const char* header : {"", "Authorization: Basic !!!!\r\n", "Authorization: Basic\r\n",
                             "Authorization: Digest x\r\n", "Authorization: Basic dG9rZW4=\r\n"}) {
    Request bad = request;
    bad.more = header;
    const auto response = exchange(bytes(bad, false));
    EXPECT_EQ(status_of(response), "HTTP/1.1 401 Not Authorized") << header;
    EXPECT_NE(response.find("WWW-Authenticate: Basic realm=Logplex"), std::string::npos);
  }
}

TEST_F(LogPostTest, body_over_the_limit_is_413_without_reading_it) {
  start();
  RawClient client(port("ingress.http"));
  Request request = good("");
  std::string head = bytes(request);
  head.replace(head.find("Content-Length: 0"), 17, "Content-Length: 8000001");
  client.send(head);
  EXPECT_EQ(client.read_response().rfind("HTTP/1.1 413 ", 0), 0u);
}

TEST_F(LogPostTest, as_log_shuttle_sends_it) {
  start();
  // Always chunked, with a count; one connection, batch after batch.
  RawClient client(port("ingress.http"));
  for (int batch = 0; batch < 3; ++batch) {
    std::string frames;
    for (int i = 0; i < 500; ++i) {
      frames += counted("<190>1 2026-01-02T03:04:05.123456+00:00 shuttle token shuttle - - line " +
                        std::to_string(batch * 500 + i) + "\n");
    }
    const bool packed = batch == 2;
    const std::string body = packed ? gzip(frames) : frames;
    std::string request =
        "POST /logs HTTP/1.1\r\nHost: h\r\nUser-Agent: log-shuttle/0.18.0 (go1)\r\nTransfer-Encoding: chunked\r\n"
        "Authorization: Basic " +
        base64("token:" + text_of(token)) +
        "\r\nContent-Type: application/logplex-1\r\nLogplex-Msg-Count: 500\r\nX-Request-Id: b\r\n";
    if (packed) request += "Content-Encoding: gzip\r\n";
    client.send(request + "Accept-Encoding: gzip\r\n\r\n");
    for (std::size_t at = 0; at < body.size(); at += 10'000) {
      const auto piece = body.substr(at, 10'000);
      char size[16];
      std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
      client.send(size + piece + "\r\n");
    }
    client.send("0\r\n\r\n");
    ASSERT_EQ(status_of(client.read_response()), "HTTP/1.1 204 No Content");
  }
  const auto all = lines("app-one");
  ASSERT_EQ(all.size(), 1500u);
  EXPECT_EQ(all.back(), "app shuttle line 1499\n");
}

TEST_F(LogPostTest, credentials_write_by_each_lines_token) {
  start();
  Request request = good(line(text_of(token), "a") + line(text_of(other_token), "b") + line("nothing", "c") +
                         line("t.00000000-0000-4000-8000-000000000000", "d"));
  request.user = "writer";
  request.password = "pass:word";
  EXPECT_EQ(status_of(exchange(request)), "HTTP/1.1 204 No Content");
  EXPECT_EQ(lines("app-one"), std::vector<std::string>{"app web.1 a"});
  EXPECT_EQ(lines("app-two"), std::vector<std::string>{"heroku web.1 b"});
  EXPECT_EQ(counters().no_token, 1u);
  EXPECT_EQ(counters().unknown_token, 1u);
}

TEST_F(LogPostTest, what_is_not_rfc_5424_is_kept_as_text) {
  start();
  EXPECT_EQ(status_of(exchange(good(counted("no header at all")))), "HTTP/1.1 204 No Content");
  ASSERT_EQ(lines("app-one").size(), 1u);
  EXPECT_EQ(lines("app-one")[0].rfind("app ", 0), 0u);
  EXPECT_NE(lines("app-one")[0].find("no header at all"), std::string::npos);
  EXPECT_EQ(counters().wrapped, 1u);
}

TEST_F(LogPostTest, other_paths_types_and_no_lines) {
  start();
  EXPECT_EQ(body_of(exchange("GET /healthcheck HTTP/1.1\r\nHost: h\r\n\r\n")), "OK");
  EXPECT_EQ(exchange("GET /other HTTP/1.1\r\nHost: h\r\n\r\n").rfind("HTTP/1.1 404 ", 0), 0u);
  Request slash = good(line("x", "y"));
  slash.path = "/logs/";
  slash.type = "application/x-logplex-1";
  EXPECT_EQ(status_of(exchange(slash)), "HTTP/1.1 204 No Content");
  Request nothing = good("");
  nothing.more = "Logplex-Msg-Count: 0\r\n";
  EXPECT_EQ(status_of(exchange(nothing)), "HTTP/1.1 204 No Content");
  EXPECT_NE(exchange("GET /logs HTTP/1.1\r\nHost: h\r\n\r\n").find("\r\nAllow: POST\r\n"), std::string::npos);
}

TEST_F(LogPostTest, a_large_body_arrives_whole_whoever_owns_the_channel) {
  start();
  std::string body;
  std::size_t count = 0;
  while (body.size() < 7'900'000) {
    body += line("x", std::to_string(count++) + std::string(900, 'x'));
  }
  // Both kinds of shard get one, and both own a channel or not.
  for (const Uuid& to : {token, other_token}) {
    Request request = good(body);
    request.password = text_of(to);
    EXPECT_EQ(status_of(exchange(request)), "HTTP/1.1 204 No Content");
  }
  for (const char* channel : {"app-one", "app-two"}) {
    const auto all = lines(channel);
    ASSERT_EQ(all.size(), count) << channel;
    EXPECT_EQ(std::count(all.begin(), all.end(), "LOSS"), 0);
  }
}

TEST_F(LogPostTest, what_unpacks_to_much_leaves_turns_to_others) {
  start();
  const auto turns = [this] {
    std::uint64_t sum = 0;
    for (std::uint32_t id = 0; id < kShards; ++id)
      sum += shards.on(id, [&] { return shards.runtime.shard(id).counters().turns; });
    return sum;
  };
  std::string frames;
  while (frames.size() < 6'000'000) frames += line("token", "the same again and again");
  for (const auto& [text, status] : {std::pair{frames, "HTTP/1.1 204 No Content"},
                                     std::pair{std::string(50'000'000, '1'), "HTTP/1.1 413 Request body too large"}}) {
    auto request = good(gzip(text));
    request.more = "Content-Encoding: gzip\r\n";
    const auto before = turns();
    EXPECT_EQ(status_of(exchange(request)), status);
    EXPECT_GE(turns() - before, 6'000'000 / TurnShare::kShare) << "a turn takes no more than its share";
  }
}

TEST_F(LogPostTest, text_stands_as_it_was_sent) {
  start();
  std::string body;
  std::vector<std::string> expected;
  for (const char* text : {"[info] started", "[2] Puma starting", "[INFO] [main] ready", "[error][db] lost",
                           "[tid:5] x", "[info]", "[x k=\"v\"] y", "-dash"}) {
    body += counted("<190>1 2026-11-28T10:00:00Z host app web.1 - " + std::string(text));
    expected.push_back("app web.1 " + std::string(text));
  }
  EXPECT_EQ(status_of(exchange(good(body))), "HTTP/1.1 204 No Content");
  EXPECT_EQ(lines("app-one"), expected);
}

TEST_F(LogPostTest, x_gzip_is_gzip_and_identity_is_plain) {
  start();
  for (const char* coding : {"x-gzip", "GZIP", "identity"}) {
    Request request = good(line("x", coding));
    request.more = std::string("Content-Encoding: ") + coding + "\r\n";
    if (*coding != 'i') request.body = gzip(request.body);
    EXPECT_EQ(status_of(exchange(request)), "HTTP/1.1 204 No Content") << coding;
  }
  EXPECT_EQ(lines("app-one").size(), 3u);
}

TEST_F(LogPostTest, a_token_stands_in_no_line_that_is_wrapped) {
  start();
  EXPECT_EQ(status_of(exchange(good(counted("<999>1 t h " + text_of(token) + " p " + text_of(other_token))))),
            "HTTP/1.1 204 No Content");
  EXPECT_EQ(lines("app-one"), std::vector<std::string>{"app - <999>1 t h app p heroku"});
}

TEST_F(LogPostTest, its_own_lines_are_not_taken_again) {
  start();
  for (const auto& [origin, lines_taken] : {std::pair{"0000000000000077", 0}, std::pair{"77", 0}, std::pair{"78", 1},
                                            std::pair{"", 2}, std::pair{"x", 3}}) {
    Request request = good(line("x", "y"));
    request.more = std::string("Sluice-Origin: ") + origin + "\r\n";
    EXPECT_EQ(status_of(exchange(request)), "HTTP/1.1 204 No Content") << origin;
    EXPECT_EQ(lines("app-one").size(), static_cast<std::size_t>(lines_taken)) << origin;
  }
  EXPECT_EQ(refused(Refusal::kLoop), 2u);
}

TEST_F(LogPostTest, of_a_frame_only_the_lines_that_were_here_are_left_out) {
  start();
  Request request = good(line("x", "new") + line("x", "back") + line("x", "new too"));
  request.more = "Sluice-Origin: 00000000000000aa\r\nSluice-Passed: 00000000000000bb=1-3;0000000000000077=2\r\n";
  EXPECT_EQ(status_of(exchange(request)), "HTTP/1.1 204 No Content");
  EXPECT_THAT(lines("app-one"), testing::ElementsAre("app web.1 new", "app web.1 new too"));
  EXPECT_EQ(refused(Refusal::kLoop), 1u);
  EXPECT_EQ(counters().loops, 1u);
  const auto passed = read("app-one", [](const RecordView& record) {
    std::string ids;
    for (std::size_t i = 0; i < record.passed().size(); ++i) ids += std::to_string(record.passed()[i]) + " ";
    return ids;
  });
  EXPECT_THAT(passed, testing::Each("170 187 "));
}

TEST_F(LogPostTest, lines_that_passed_too_many_logs_or_all_ours_are_not_taken) {
  start();
  std::string many;
  for (int id = 1; id <= 16; ++id) many += std::to_string(id) + ";";
  for (const std::string& passed : {many, std::string("77"), std::string("1;77")}) {
    Request request = good(line("x", "y"));
    request.more = "Sluice-Passed: " + passed + "\r\n";
    EXPECT_EQ(status_of(exchange(request)), "HTTP/1.1 204 No Content") << passed;
    EXPECT_TRUE(lines("app-one").empty()) << passed;
  }
  EXPECT_EQ(refused(Refusal::kLoop), 3u);
}

TEST_F(LogPostTest, keys_with_logs_write_name_channel_and_source) {
  config.add_key("everywhere", Scope::kLogsWrite, {});
  config.add_key("one", Scope::kLogsWrite, {"app-one"});
  config.add_key("reader", Scope::kLogsRead, {"app-one"});
  start();
  const auto post = [&](const std::string& path, const std::string& key) {
    Request request = good(line("x", path));
    request.path = path;
    request.more = "Authorization: Bearer " + key + "\r\n";
    const auto response = exchange(bytes(request, false));
    return response.substr(9, 3) + " " + body_of(response);
  };
  EXPECT_EQ(post("/logs?channel=app-one", "one"), "204 ");
  EXPECT_EQ(post("/logs?channel=app-one&source=worker", "one"), "204 ");
  EXPECT_EQ(post("/logs?channel=app-two", "everywhere"), "204 ");
  EXPECT_EQ(post("/logs?channel=app-two", "one"), "403 this key may not use that channel");
  EXPECT_EQ(post("/logs?channel=none", "one"), "403 this key may not use that channel");
  EXPECT_EQ(post("/logs?channel=none", "everywhere"), "404 no such channel");
  EXPECT_EQ(post("/logs?channel=_router", "everywhere"), "403 this key may not use that channel");
  EXPECT_EQ(post("/logs", "everywhere"), "400 name the channel: /logs?channel=NAME");
  EXPECT_EQ(post("/logs?channel=app-one&source=a%20b", "one").substr(0, 3), "400");
  EXPECT_EQ(post("/logs?channel=app-one", "reader"), "403 this key lacks the scope logs:write");
  EXPECT_EQ(post("/logs?channel=app-one", "unknown"), "401 Not Authorized");
  EXPECT_EQ(lines("app-one"), (std::vector<std::string>{"app web.1 /logs?channel=app-one",
                                                        "worker web.1 /logs?channel=app-one&source=worker"}));
  EXPECT_EQ(lines("app-two").size(), 1u);
}

bool is_readable(const RawClient& client) {
  pollfd waiting{client.fd(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

TEST_F(LogPostTest, bodies_under_way_hold_a_bounded_part_of_memory) {
  shards.runtime.memory().set_limit(MemoryClass::kIngressBodies, 3_MiB);
  start();
  const auto held = [this] { return shards.runtime.memory().held(MemoryClass::kIngressBodies); };
  std::string frames;
  while (frames.size() < 400'000) frames += line("token", std::string(500, 'x'));
  const std::string half = bytes(good(frames + frames)).substr(0, frames.size());
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(std::make_unique<RawClient>(port("ingress.http")));
    clients.back()->send(half);
    ASSERT_TRUE(eventually([&] { return held() <= 3_MiB; }));
  }
  ASSERT_TRUE(eventually([&] { return refused(Refusal::kMemory) >= 4; })) << refused(Refusal::kMemory);
  EXPECT_LE(held(), 4_MiB);
  const auto answered = [&] {
    return std::ranges::count_if(clients, [](auto& client) { return is_readable(*client); });
  };
  ASSERT_TRUE(eventually([&] { return answered() >= 4; })) << answered();
  for (auto& client : clients) {
    if (!is_readable(*client)) continue;
    const auto response = client->read_response();
    EXPECT_EQ(status_of(response).substr(0, 12), "HTTP/1.1 503") << response;
  }
  clients.clear();
  EXPECT_TRUE(eventually([&] { return held() == Bytes{0}; }));
  EXPECT_TRUE(lines("app-one").empty());
  EXPECT_EQ(status_of(exchange(good(line("x", "still taken")))), "HTTP/1.1 204 No Content");
}

TEST_F(LogPostTest, connections_without_a_valid_request_end) {
  limits.ingress_proof_time = std::chrono::milliseconds(200);
  start();
  RawClient silent(port("ingress.http"));
  RawClient proven(port("ingress.http"));
  proven.send(bytes(good(line("x", "a"))));
  ASSERT_EQ(status_of(proven.read_response()), "HTTP/1.1 204 No Content");
  Request wrong = good(line("x", "a"));
  wrong.password = "t.00000000-0000-4000-8000-000000000000";
  RawClient unauthorized(port("ingress.http"));
  unauthorized.send(bytes(wrong));
  EXPECT_EQ(status_of(unauthorized.read_response()), "HTTP/1.1 401 Not Authorized");
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(unauthorized.read_all(), "");
  EXPECT_EQ(refused(Refusal::kNoProof), 2u);
  proven.send(bytes(good(line("x", "b"))));
  EXPECT_EQ(status_of(proven.read_response()), "HTTP/1.1 204 No Content");
}

TEST_F(LogPostTest, answers_are_counted_by_status) {
  start();
  exchange(good(line("x", "y")));
  exchange(good("garbage"));
  const auto text = metrics();
  EXPECT_NE(text.find("sluice_ingress_http_answers_total{status=\"204\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("sluice_ingress_http_answers_total{status=\"400\"} 1"), std::string::npos);
  EXPECT_NE(text.find("sluice_ingress_lines_total 1"), std::string::npos);
}

}  // namespace
}  // namespace sluice::ingress
