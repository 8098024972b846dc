// What peers make the router hold is charged, and whoever holds most gives up when there is no room.
#include <gtest/gtest.h>

#include "tests/unit/router/proxy_harness.hpp"

namespace sluice::router {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

struct Limited : ProxyHarness {
  Limited(MemoryClass of, Bytes limit) {
    runtime.memory().set_limit(of, limit);
    Backend b;
    b.name = "web.1";
    b.address = web.address();
    set_app({b});
  }
  std::uint64_t held(MemoryClass of) { return runtime.memory().held(of).count; }
  ScriptedListener web{*this};
};

std::string half_head(std::size_t size) {
  std::string head = "GET /half HTTP/1.1\r\nHost: app.test\r\n";
  while (head.size() < size) head += "X: " + std::string(1000, 'x') + "\r\n";
  return head;
}

TEST(RouterMemory, the_largest_unfinished_head_gives_up_with_431) {
  Limited p(MemoryClass::kRouterHeads, 256_KiB);
  std::vector<ScriptedSocket> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(p.connect());
    clients.back().send(half_head(i == 3 ? 100000 : 20000));
    p.settle();
  }
  EXPECT_TRUE(p.until([&] { return !p.outlet.lines.empty(); }));
  EXPECT_TRUE(clients[3].read_to_end().starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=error code=H26 desc=\"Request Error\"")) << line;
  EXPECT_EQ(p.field(line, "path"), "\"/half\"");
  EXPECT_EQ(p.field(line, "status"), "431");
  p.settle();
  EXPECT_LE(p.held(MemoryClass::kRouterHeads), 256u << 10);
  clients[3].close();
  EXPECT_TRUE(p.until([&] { return p.proxy->counters().client_connections == 7; }));
}

TEST(RouterMemory, an_unfinished_head_of_a_response_gives_up) {
  Limited p(MemoryClass::kRouterHeads, 256_KiB);
  ScriptedSocket client = p.connect();
  client.send(kGet);
  ScriptedSocket web = p.web.accept();
  web.read_until("\r\n\r\n");
  std::string head = "HTTP/1.1 200 OK\r\n";
  while (head.size() < 400000) head += "X: " + std::string(10000, 'x') + "\r\n";
  web.send(head);
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 503 "));
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=error code=H25 desc=\"HTTP restriction\" cause=\"memory\"")) << line;
  p.settle();
  EXPECT_EQ(p.held(MemoryClass::kRouterHeads), 0u);
}

/// What the sockets of a connection do not take stays in the router: kernels differ, some leave it only 5 KiB.
TEST(RouterMemory, a_reader_that_takes_nothing_gives_up) {
  Limited p(MemoryClass::kRouterBodies, 64_KiB);
  std::vector<ScriptedSocket> clients;
  std::vector<ScriptedSocket> webs;
  for (int i = 0; i < 64 && p.outlet.lines.empty(); ++i) {
    clients.push_back(p.connect());
    clients.back().send(kGet);
    webs.push_back(p.web.accept());
    webs.back().read_until("\r\n\r\n");
    webs.back().send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    for (std::size_t more = 1; more > 0 && p.outlet.lines.empty();) {
      more = webs.back().send_some(std::string(1 << 20, 'x'));
      p.settle();
    }
  }
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=warning code=H28 desc=\"Client Connection Idle\" cause=\"memory\"")) << line;
  p.settle();
  EXPECT_LE(p.held(MemoryClass::kRouterBodies), 64u << 10);
}

TEST(RouterMemory, a_request_that_waits_for_a_backend_gives_up_with_503) {
  Limited p(MemoryClass::kRouterParked, 128_KiB);
  p.web.close();
  ScriptedSocket first = p.connect();
  first.send(kGet);
  first.read_to_end();
  p.line();
  std::vector<ScriptedSocket> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(p.connect());
    clients.back().send(half_head(50000) + "\r\n");
    p.settle();
  }
  EXPECT_TRUE(p.until([&] { return p.outlet.lines.size() > p.lines_seen; }));
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("at=error code=H11 desc=\"Backlog too deep\" cause=\"memory\"")) << line;
  EXPECT_EQ(p.field(line, "status"), "503");
  p.settle();
  EXPECT_LE(p.held(MemoryClass::kRouterParked), 128u << 10);
}

TEST(RouterMemory, nothing_is_held_when_all_is_over) {
  Limited p(MemoryClass::kRouterHeads, 64_MiB);
  {
    ScriptedSocket client = p.connect();
    client.send(half_head(50000));
    p.settle();
    EXPECT_GT(p.held(MemoryClass::kRouterHeads), 50000u);
    client.send("\r\n");
    ScriptedSocket web = p.web.accept();
    web.read_until("\r\n\r\n");
    EXPECT_EQ(p.held(MemoryClass::kRouterHeads), 0u);
    EXPECT_GT(p.held(MemoryClass::kRouterParked), 50000u);
    web.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    client.read_message();
    p.settle();
  }
  EXPECT_EQ(p.held(MemoryClass::kRouterParked), 0u);
}

}  // namespace
}  // namespace sluice::router
