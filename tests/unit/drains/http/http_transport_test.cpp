#include "drains/http/http_transport.hpp"

#include <poll.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "logplex/net/signing_key.hpp"
#include "tests/unit/drains/drain_fixture.hpp"

namespace sluice::drains {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

/// Sends one frame over a new connection, while the other end, after it has read the request, does `then`. Returns
/// report and request.
template <class Then>
std::pair<SendReport, std::string> exchange(TransportOnShard& transport, RawListener& listener, Then then) {
  std::string request;
  std::thread server([&] {
    RawClient peer = listener.accept();
    request = peer.read_response();
    then(peer);
  });
  const SendReport report = transport.send(frame_of("3 abc"));
  server.join();
  return {report, request};
}

SendReport answered(const std::string& bytes) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "http")));
  return exchange(transport, listener, [&](RawClient& peer) { peer.send(bytes); }).first;
}

TEST(HttpTransport, request_has_logplex_headers_in_order) {
  DrainWorld world;
  RawListener listener;
  const std::string port = std::to_string(listener.port());
  TransportOnShard transport(world, drain_to("http://user:p%40ss@127.0.0.1:" + port + "/in?a=b#c"));
  const auto [report, request] = exchange(transport, listener, [](RawClient& peer) { peer.send(answer(204)); });
  EXPECT_EQ(request, "POST /in?a=b HTTP/1.1\r\nHost: 127.0.0.1:" + port +
                         "\r\nAuthorization: Basic dXNlcjpwQHNz\r\nContent-Type: application/logplex-1\r\n"
                         "Logplex-Msg-Count: 1\r\nLogplex-Frame-Id: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
                         "Logplex-Drain-Token: " +
                         kDrainToken + "\r\nUser-Agent: Logplex/test\r\nContent-Length: 5\r\n\r\n3 abc");
  EXPECT_EQ(report.verdict, Verdict::kDelivered);
  EXPECT_EQ(report.http_status, 204);
}

TEST(HttpTransport, own_headers_are_added_but_replace_none_of_ours) {
  DrainWorld world;
  RawListener listener;
  Drain drain = drain_to(url_of(listener, "http", "/"));
  drain.headers = {{"X-Key", Secret("k")}, {"authorization", Secret("Bearer t")}, {"content-length", Secret("0")}};
  TransportOnShard transport(world, drain);
  const auto [report, request] = exchange(transport, listener, [](RawClient& peer) { peer.send(answer(200)); });
  EXPECT_THAT(request, HasSubstr("\r\nX-Key: k\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nauthorization: Bearer t\r\n"));
  EXPECT_EQ(request.find("content-length"), std::string::npos);
}

/// The worked example of the Standard Webhooks specification's libraries.
TEST(BodySigner, signs_as_standard_webhooks_says) {
  const BodySigner signer(signing_key(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).value());
  std::string head;
  signer.append_headers(head, "msg_p5jXN8AQM9LWM0D4loKWxJek", WallTime(std::chrono::seconds(1614265330)),
                        R"({"test": 2432232314})");
  EXPECT_EQ(head,
            "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nwebhook-timestamp: 1614265330\r\n"
            "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n");
}

TEST(HttpTransport, stored_secret_that_signs_with_nothing_is_refused) {
  DrainWorld world;
  for (const char* secret : {"whsec_", "whsec_c2hvcnQ=", "whsec_*not base64*"}) {
    Drain drain = drain_to("http://127.0.0.1:9/");
    drain.secret = Secret(secret);
    const auto made = make_transport(drain, world.environment);
    ASSERT_TRUE(made.has_error()) << secret;
    EXPECT_EQ(made.error().text(), "a secret that begins with whsec_ must go on with base64 of 24 to 64 bytes");
  }
}

TEST(HttpTransport, signed_body_is_told_by_id_time_and_signature) {
  DrainWorld world;
  RawListener listener;
  Drain drain = drain_to(url_of(listener, "http", "/"));
  drain.secret = Secret("hunter2");
  TransportOnShard transport(world, drain);
  const auto [report, request] = exchange(transport, listener, [](RawClient& peer) { peer.send(answer(200)); });
  EXPECT_THAT(request, HasSubstr("\r\nwebhook-signature: v1,"));
  const std::string id = request.substr(request.find("Frame-Id: ") + 10, 32);
  EXPECT_THAT(request, HasSubstr("\r\nwebhook-id: " + id + "\r\n"));
  EXPECT_EQ(request.find("hunter2"), std::string::npos);
}

TEST(HttpTransport, verdicts_of_answers) {
  EXPECT_EQ(answered(answer(200)).verdict, Verdict::kDelivered);
  EXPECT_EQ(answered(answer(302)).verdict, Verdict::kRetry);
  EXPECT_EQ(answered(answer(404)).verdict, Verdict::kRejected);
  EXPECT_EQ(answered(answer(413)).verdict, Verdict::kSplit);
  EXPECT_EQ(answered(answer(503)).verdict, Verdict::kRetry);
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n").verdict,
            Verdict::kDelivered);
  const SendReport garbage = answered("SSH-2.0-OpenSSH\r\n\r\n");
  EXPECT_EQ(garbage.verdict, Verdict::kRetry);
  EXPECT_EQ(garbage.error_class, ErrorClass::kHttp);
}

TEST(HttpTransport, retry_after_is_passed_on) {
  const SendReport report = answered(answer(429, "Retry-After: 17\r\n"));
  EXPECT_EQ(report.verdict, Verdict::kRetry);
  EXPECT_EQ(report.retry_after, seconds(17));
  EXPECT_EQ(report.http_status, 429);
  EXPECT_EQ(report.error, "the receiver answered 429");
}

TEST(RetryAfter, is_seconds_or_a_date) {
  const WallTime now{std::chrono::seconds(784111777)};  // Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110
  EXPECT_EQ(parse_retry_after("120", now), seconds(120));
  for (const char* value :
       {"Sun, 06 Nov 1994 08:50:00 GMT", "Sunday, 06-Nov-94 08:50:00 GMT", "Sun Nov  6 08:50:00 1994"})
    EXPECT_EQ(parse_retry_after(value, now), seconds(23)) << value;
  for (const char* value :
       {"", "-5", "soon", "Sun, 06 Nov 1994 08:40:00 GMT", "Sunday, 06-Nov-94 08:40:00 GMT", "1e9", "5 "})
    EXPECT_EQ(parse_retry_after(value, now), Duration::zero()) << value;
}

TEST(RetryAfter, is_at_most_a_day) {
  const WallTime now{std::chrono::seconds(1'780'000'000)};
  for (const char* value : {"86400", "4294967295", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT",
                            "Friday, 31-Dec-49 23:59:59 GMT", "Fri Dec 31 23:59:59 9999"})
    EXPECT_EQ(parse_retry_after(value, now), std::chrono::hours(24)) << value;
}

/// Two digits of a year that seem to lie more than 50 years back are of the century to come (RFC 9110, 5.6.7).
TEST(RetryAfter, short_year_is_within_fifty_years) {
  const WallTime now{std::chrono::seconds(1'780'000'000)};  // 2026
  EXPECT_EQ(parse_retry_after("Friday, 31-Dec-71 23:59:59 GMT", now), std::chrono::hours(24));
  EXPECT_EQ(parse_retry_after("Friday, 31-Dec-99 23:59:59 GMT", now), Duration::zero());
}

TEST(HttpTransport, early_and_late_requests_are_tried_again) {
  for (const int status : {408, 425, 429}) {
    const SendReport report = answered(answer(status));
    EXPECT_EQ(report.verdict, Verdict::kRetry) << status;
    EXPECT_EQ(report.smaller, status == 408);
  }
  EXPECT_TRUE(answered(answer(504)).smaller);
  EXPECT_FALSE(answered(answer(503)).smaller);
}

TEST(HttpTransport, status_line_decides_whatever_follows) {
  EXPECT_EQ(answered("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").verdict, Verdict::kDelivered);
  EXPECT_EQ(answered("HTTP/1.0 200\n\n").verdict, Verdict::kDelivered);
  EXPECT_EQ(answered("http/1.1 400 no\r\nContent-Length : 900\r\n\r\nshort").verdict, Verdict::kRejected);
  EXPECT_EQ(answered("HTTP/1.1 413\r\nContent-Length: 900\r\n\r\nshort").verdict, Verdict::kSplit);
  const SendReport later = answered("HTTP/1.1 429\nRetry-After : 7\nContent-Length: 900\n\nshort");
  EXPECT_EQ(later.verdict, Verdict::kRetry);
  EXPECT_EQ(later.retry_after, seconds(7));
}

/// The answer is to the time before our request; ours goes over a new connection.
TEST(HttpTransport, unasked_408_is_not_the_answer_to_the_next_frame) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "http")));
  std::thread server([&] {
    RawClient first = listener.accept();
    first.read_response();
    first.send(answer(204) + answer(408));
    RawClient second = listener.accept();
    second.read_response();
    second.send(answer(200));
  });
  EXPECT_EQ(transport.send(frame_of("3 abc")).verdict, Verdict::kDelivered);
  const SendReport report = transport.send(frame_of("3 abc"));
  EXPECT_EQ(report.verdict, Verdict::kDelivered);
  EXPECT_EQ(report.http_status, 200);
  server.join();
}

TEST(HttpTransport, answer_408_on_a_kept_connection_is_tried_on_a_new_one) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "http")));
  std::thread server([&] {
    RawClient first = listener.accept();
    first.read_response();
    first.send(answer(204));
    first.read_response();
    first.send(answer(408));
    RawClient second = listener.accept();
    second.read_response();
    second.send(answer(200));
  });
  EXPECT_EQ(transport.send(frame_of("3 abc")).verdict, Verdict::kDelivered);
  EXPECT_EQ(transport.send(frame_of("3 abc")).http_status, 200);
  server.join();
}

TEST(HttpTransport, receiver_that_ends_each_connection_gets_few) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "http")));
  constexpr int kFrames = 26;
  std::thread server([&] {
    for (int i = 0; i < kFrames; ++i) {
      RawClient peer = listener.accept();
      peer.read_response();
      peer.send(answer(200, "Connection: close\r\n"));
    }
  });
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < kFrames; ++i) EXPECT_EQ(transport.send(frame_of("3 abc")).verdict, Verdict::kDelivered);
  EXPECT_GT(std::chrono::steady_clock::now() - began, milliseconds(400));
  server.join();
}

TEST(HttpTransport, no_answer_in_time_is_tried_again) {
  DrainSettings settings = default_settings();
  settings.http_timeout = milliseconds(50);
  DrainWorld world({"127.0.0.1"}, settings);
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "http")));
  const auto report = exchange(transport, listener, [](RawClient& peer) { EXPECT_EQ(peer.read_all(), ""); }).first;
  EXPECT_EQ(report.verdict, Verdict::kRetry);
  EXPECT_EQ(report.error_class, ErrorClass::kTimeout);
}

TEST(HttpTransport, connection_is_kept) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "http")));
  std::thread server([&] {
    RawClient peer = listener.accept();
    for (int i = 0; i < 3; ++i) {
      peer.read_response();
      peer.send(answer(204));
    }
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(transport.send(frame_of("3 abc")).verdict, Verdict::kDelivered);
  server.join();
}

TEST(HttpTransport, kept_connection_that_died_is_replaced_within_the_attempt) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "http")));
  RawClient first = [&] {
    std::optional<RawClient> kept;
    std::thread server([&] {
      kept.emplace(listener.accept());
      kept->read_response();
      kept->send(answer(204));
    });
    EXPECT_EQ(transport.send(frame_of("3 abc")).verdict, Verdict::kDelivered);
    server.join();
    return std::move(*kept);
  }();
  std::thread server([&] {
    first.read_response();  // the second request comes over the first connection, which ends without an answer
    first.close();
    RawClient second = listener.accept();
    EXPECT_THAT(second.read_response(), HasSubstr("3 abc"));
    second.send(answer(204));
  });
  EXPECT_EQ(transport.send(frame_of("3 abc")).verdict, Verdict::kDelivered);
  server.join();
}

TEST(HttpTransport, new_connection_that_ends_is_a_failure) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "http")));
  const auto report = exchange(transport, listener, [](RawClient& peer) { peer.close(); }).first;
  EXPECT_EQ(report.verdict, Verdict::kRetry);
  EXPECT_EQ(report.error_class, ErrorClass::kClosed);
}

TEST(HttpTransport, connection_close_is_honoured) {
  DrainWorld world;
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "http")));
  for (int i = 0; i < 2; ++i) {
    const auto report =
        exchange(transport, listener, [](RawClient& peer) { peer.send(answer(200, "Connection: close\r\n")); }).first;
    EXPECT_EQ(report.verdict, Verdict::kDelivered);
  }
}

TEST(HttpTransport, old_and_idle_connections_are_replaced) {
  for (const bool old : {true, false}) {
    DrainSettings settings = default_settings();
    settings.idle_fuzz = Duration::zero();
    (old ? settings.max_age : settings.http_idle_timeout) = milliseconds(1);
    DrainWorld world({"127.0.0.1"}, settings);
    RawListener listener;
    TransportOnShard transport(world, drain_to(url_of(listener, "http")));
    RawClient peer = [&] {
      std::optional<RawClient> kept;
      std::thread server([&] {
        kept.emplace(listener.accept());
        kept->read_response();
        kept->send(answer(204));
      });
      transport.send(frame_of("3 abc"));
      server.join();
      return std::move(*kept);
    }();
    ASSERT_TRUE(eventually([&] {
      transport.on_shard([](Transport& it) { it.tend(); });
      pollfd state{peer.fd(), POLLIN, 0};
      return ::poll(&state, 1, 0) == 1;
    }));
    EXPECT_EQ(peer.read_some(), "");
  }
}

TEST(HttpTransport, addresses_that_are_not_allowed_are_never_reached) {
  DrainWorld world(std::vector<std::string>{});
  RawListener listener;
  TransportOnShard transport(world, drain_to(url_of(listener, "http")));
  const SendReport report = transport.send(frame_of("3 abc"));
  EXPECT_EQ(report.verdict, Verdict::kRetry);
  EXPECT_EQ(report.error_class, ErrorClass::kRefusedAddress);
  EXPECT_THAT(report.error, HasSubstr("loopback"));
}

TEST(HttpTransport, refused_connection_says_where) {
  DrainWorld world;
  const std::uint16_t port = free_port();
  TransportOnShard transport(world, drain_to("http://user:secret@127.0.0.1:" + std::to_string(port)));
  const SendReport report = transport.send(frame_of("3 abc"));
  EXPECT_EQ(report.error_class, ErrorClass::kConnect);
  EXPECT_THAT(report.error, HasSubstr(std::to_string(port)));
  EXPECT_EQ(report.error.find("secret"), std::string::npos);
}

TEST(HttpTransport, certificates_are_verified) {
  DrainWorld world;
  const TestCertificates ca;
  const TestCertificates other("Other CA");
  struct Case {
    TestIdentity identity;
    std::string trusted;
    bool delivered;
  };
  for (const Case& c : {Case{ca.sign("good", "IP:127.0.0.1"), ca.ca_pem(), true},
                        Case{ca.sign("wrong name", "DNS:example.com"), ca.ca_pem(), false},
                        Case{ca.sign("expired", "IP:127.0.0.1", -1), ca.ca_pem(), false},
                        Case{other.sign("unknown", "IP:127.0.0.1"), ca.ca_pem(), false},
                        Case{ca.sign("not of the system", "IP:127.0.0.1"), "", false}}) {
    TestTlsServer server({c.identity, "", answer(204), true});
    Drain drain = drain_to("https://127.0.0.1:" + std::to_string(server.port()) + "/");
    drain.ca = c.trusted;
    TransportOnShard transport(world, drain);
    const SendReport report = transport.send(frame_of("3 abc"));
    EXPECT_EQ(report.verdict == Verdict::kDelivered, c.delivered) << report.error;
    EXPECT_EQ(report.error_class, c.delivered ? ErrorClass::kNone : ErrorClass::kTls);
    EXPECT_EQ(transport.on_shard([](Transport& it) { return it.tls() != nullptr; }), c.delivered);
  }
}

TEST(HttpTransport, unusable_certificates_of_the_drain_are_an_error) {
  DrainWorld world;
  Drain drain = drain_to("https://127.0.0.1:1/");
  drain.ca = "not a certificate";
  TransportOnShard transport(world, drain);
  const SendReport report = transport.send(frame_of("3 abc"));
  EXPECT_EQ(report.verdict, Verdict::kFatal);
  EXPECT_EQ(report.error_class, ErrorClass::kConfiguration);
}

}  // namespace
}  // namespace sluice::drains
