// An exchange between sides that are not HTTP/1: what it takes to add a client protocol, and something that answers.
#include <gtest/gtest.h>

#include "tests/unit/router/neutral_doubles.hpp"

namespace sluice::router {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET /path HTTP/1.1\r\nHost: app.test\r\n\r\n";

struct Scripted : ProxyHarness {
  Scripted() {
    Backend b;
    b.name = "web.1";
    b.address = web.address();
    set_app({b});
  }
  ScriptedListener web{*this};
  ScriptedClient client{*this};
};

/// The same, with a rule that gives requests to a responder.
struct Answering : Scripted {
  Answering() { proxy->use(rules); }
  ScriptedResponder responder;
  ScriptedRules rules{[this](const RequestHead& request) -> Decision {
    if (request.target().starts_with("/ours")) return AnswerBy{&responder};
    return Forward{};
  }};
};

TEST(ClientSideDouble, has_many_requests_at_once_that_end_in_any_order) {
  Scripted p;
  p.client.request("GET", "/one");
  p.client.request("GET", "/two", {{"cookie", "c"}});
  p.client.request("HEAD", "/three");
  std::vector<ScriptedSocket> backends;
  std::vector<std::string> heads;
  for (int i = 0; i < 3; ++i) {
    backends.push_back(p.web.accept());
    heads.push_back(backends.back().read_until("\r\n\r\n"));
  }
  EXPECT_TRUE(
      heads[1].starts_with("GET /two HTTP/1.1\r\nHost: app.test\r\ncookie: c\r\nX-Forwarded-For: 192.0.2.7\r\n"))
      << heads[1];
  backends[2].send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(p.field(p.line(), "path"), "\"/three\"");
  EXPECT_EQ(p.client.sent(), "5 head 200\n5 end\n");
  backends[0].send("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nX-A: b\r\n\r\none");
  const std::string line = p.line();
  EXPECT_EQ(p.field(line, "path"), "\"/one\"");
  EXPECT_EQ(p.field(line, "dyno"), "web.1");
  EXPECT_EQ(p.field(line, "protocol"), "http2");
  EXPECT_EQ(p.client.sent(), "1 head 404 X-A=b\n1 data one\n1 end\n");
  backends[1].close();
  EXPECT_EQ(p.field(p.line(), "code"), "H13");
  EXPECT_TRUE(p.client.sent().starts_with("3 head 503 Content-Type=text/html; charset=utf-8 "));
  EXPECT_EQ(p.proxy->counters().active_requests, 0u);
}

TEST(ClientSideDouble, gets_content_without_the_backends_chunks) {
  Scripted p;
  ScriptedStream& stream = p.client.request("GET", "/");
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  web.send("HTTP/1.1 103 Early Hints\r\n\r\n");
  web.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3;ext\r\ntwo\r\n0\r\n\r\n");
  p.line();
  EXPECT_EQ(stream.content, "onetwo");
  const std::string sent = p.client.sent();
  EXPECT_TRUE(sent.starts_with("1 interim 103 Early Hints\n1 head 200\n")) << sent;
  EXPECT_TRUE(sent.ends_with("\n1 end\n")) << sent;
}

TEST(ClientSideDouble, a_body_of_unknown_length_reaches_the_backend_in_chunks) {
  Scripted p;
  ScriptedStream& stream = p.client.request("POST", "/", {}, true);
  ScriptedSocket web = p.web.accept();
  const std::string head = web.read_until("\r\n\r\n");
  EXPECT_NE(head.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos) << head;
  EXPECT_TRUE(p.until([&] { return stream.asked_for_more > 0; }));
  stream.exchange->on_request_bytes("hello", false);
  stream.exchange->on_request_bytes(std::string(16, 'x'), false);
  EXPECT_EQ(web.read_exactly(5 + 5 + 4 + 18), "5\r\nhello\r\n10\r\n" + std::string(16, 'x') + "\r\n");
  stream.exchange->on_request_bytes({}, true);
  EXPECT_EQ(web.read_exactly(5), "0\r\n\r\n");
  web.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(p.field(p.line(), "status"), "200");
  EXPECT_EQ(stream.content, "ok");
}

TEST(ClientSideDouble, a_stream_that_takes_nothing_holds_up_its_backend_alone) {
  Scripted p;
  ScriptedStream& slow = p.client.request("GET", "/slow");
  ScriptedSocket first = p.web.accept();
  first.read_until("\r\n\r\n");
  slow.window = 0;
  const std::string large(4 << 20, 'x');
  first.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n");
  std::size_t sent = 0;
  for (int i = 0; i < 50; ++i) {
    sent += first.send_some(std::string_view(large).substr(sent));
    p.settle();
  }
  EXPECT_LT(slow.content.size(), 256u << 10);
  p.client.request("GET", "/other");
  ScriptedSocket second = p.web.accept();
  second.read_until("\r\n\r\n");
  second.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(p.field(p.line(), "path"), "\"/other\"");
  slow.window = 1 << 20;
  slow.exchange->on_client_writable();
  first.send(std::string_view(large).substr(sent));
  EXPECT_EQ(p.field(p.line(), "status"), "200");
  EXPECT_EQ(slow.content.size(), large.size());
}

TEST(ClientSideDouble, a_cancelled_stream_closes_its_backend) {
  Scripted p;
  ScriptedStream& stream = p.client.request("GET", "/");
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  stream.exchange->on_client_gone();
  EXPECT_EQ(p.field(p.line(), "code"), "H27");
  EXPECT_EQ(p.client.sent(), "1 reset\n");
  EXPECT_TRUE(web.is_closed());
}

TEST(ResponderDouble, answers_at_once_and_the_connection_is_kept) {
  Answering p;
  p.responder.at_once = true;
  ScriptedSocket client = p.connect();
  for (int i = 0; i < 2; ++i) {
    client.send("GET /ours HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const std::string message = client.read_message();
    EXPECT_TRUE(message.starts_with("HTTP/1.1 200 OK\r\nX-By: us\r\nDate: ")) << message;
    EXPECT_TRUE(message.ends_with("\r\n\r\nat once")) << message;
    const std::string line = p.line();
    EXPECT_TRUE(line.starts_with("at=info method=GET path=\"/ours\" host=app.test ")) << line;
    EXPECT_EQ(p.field(line, "dyno"), "");
    EXPECT_EQ(p.field(line, "connect"), "");
    EXPECT_EQ(p.field(line, "bytes"), std::to_string(message.size()));
  }
  EXPECT_EQ(p.responder.released, 2);
  EXPECT_EQ(p.responder.closed, 0);
  client.send(kGet);
  p.web.accept().read_until("\r\n\r\n");
}

TEST(ResponderDouble, gets_the_body_and_answers_later) {
  Answering p;
  ScriptedSocket client = p.connect();
  client.send("POST /ours/a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nhello");
  EXPECT_TRUE(p.until([&] { return p.responder.request_body == "hello"; }));
  EXPECT_FALSE(p.responder.request_complete);
  client.send("world");
  EXPECT_TRUE(p.until([&] { return p.responder.request_complete; }));
  EXPECT_EQ(p.responder.request_body, "helloworld");
  EXPECT_EQ(p.responder.target, "/ours/a");
  p.responder.answer("201 Created", "made");
  EXPECT_TRUE(client.read_message().ends_with("made"));
  EXPECT_EQ(p.field(p.line(), "status"), "201");
}

TEST(ResponderDouble, a_client_of_another_protocol_gets_its_answer) {
  Answering p;
  ScriptedStream& stream = p.client.request("GET", "/ours");
  p.responder.begin_answer();
  stream.window = 0;
  p.responder.exchange().on_response_bytes("first", false);
  EXPECT_TRUE(p.responder.paused);
  stream.window = 10;
  stream.exchange->on_client_writable();
  EXPECT_FALSE(p.responder.paused);
  p.responder.exchange().on_response_bytes("last", true);
  EXPECT_EQ(p.client.sent(), "1 head 200\n1 data first\n1 data last\n1 end\n");
  EXPECT_EQ(p.responder.released, 1);
}

TEST(ResponderDouble, is_closed_when_the_exchange_gives_up) {
  Answering p;
  ScriptedSocket client = p.connect();
  client.send("GET /ours HTTP/1.1\r\nHost: app.test\r\n\r\n");
  EXPECT_TRUE(p.until([&] { return !p.responder.target.empty(); }));
  p.advance(31s);
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(p.field(p.line(), "code"), "H12");
  EXPECT_EQ(p.responder.closed, 1);
  ScriptedSocket second = p.connect();
  second.send("GET /ours HTTP/1.1\r\nHost: app.test\r\n\r\n");
  p.settle();
  p.responder.exchange().on_responder_gone(true);
  EXPECT_EQ(p.field(p.line(), "code"), "H18");
  EXPECT_EQ(p.responder.closed, 2);
}

struct CountingTap final : ResponseTap {
  void on_head(const ResponseHead& head) override { seen += "head " + std::to_string(head.status) + "\n"; }
  void on_body(std::string_view bytes) override { seen += "body " + std::string(bytes) + "\n"; }
  void on_end(bool whole) override { seen += whole ? "whole\n" : "cut\n"; }
  std::string seen;
};

TEST(RequestRules, refuse_and_tap) {
  Scripted p;
  CountingTap tap;
  ScriptedRules rules([&](const RequestHead& request) -> Decision {
    if (request.has(FieldKind::kVia)) return Refuse{RouterCode::kH26, "rule", 400};
    return Forward{&tap};
  });
  p.proxy->use(rules);
  ScriptedSocket client = p.connect();
  client.send(kGet);
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  web.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  client.read_message();
  EXPECT_EQ(tap.seen, "head 200\nbody hello\nwhole\n");
  p.line();
  tap.seen.clear();
  client.send(kGet);
  web.read_until("\r\n\r\n");
  web.close();
  EXPECT_TRUE(p.web.has_connection());
  p.web.accept().close();
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(tap.seen, "cut\n");
  p.line();
  ScriptedSocket refused = p.connect();
  refused.send("GET / HTTP/1.1\r\nHost: app.test\r\nVia: 1.1 other\r\n\r\n");
  EXPECT_TRUE(refused.read_to_end().starts_with("HTTP/1.1 400 "));
  EXPECT_EQ(p.field(p.line(), "cause"), "\"rule\"");
}

TEST(RequestRules, are_made_again_when_their_app_changes) {
  Scripted p;
  ScriptedRules rules([](const RequestHead&) -> Decision { return Refuse{RouterCode::kH80}; });
  p.proxy->use(rules);
  EXPECT_EQ(rules.made, 1);
  p.set_app({});
  EXPECT_EQ(rules.made, 2);
  p.client.request("GET", "/");
  EXPECT_EQ(p.field(p.line(), "code"), "H80");
}

}  // namespace
}  // namespace sluice::router
