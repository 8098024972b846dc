#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "router/client_connection.hpp"
#include "tests/unit/router/proxy_harness.hpp"

namespace {

bool counting = false;
std::size_t allocations = 0;

}  // namespace

// The program's allocator, so that a test can say that a path does not use it. Not inlined: g++ would take the free()
// for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (counting) ++allocations;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace sluice::router {
namespace {

/// Turns the shard and counts what it allocates meanwhile.
void counted_settle(ProxyHarness& p) {
  for (int idle = 0; idle < 3;) {
    counting = true;
    const bool did = p.turn();
    counting = false;
    idle = did ? 0 : idle + 1;
    if (!did) ::poll(nullptr, 0, 1);
  }
}

TEST(Proxy, a_request_allocates_nothing_in_steady_state) {
  ProxyHarness p;
  ScriptedListener listener(p);
  Backend backend;
  backend.name = "web.1";
  backend.address = listener.address();
  p.set_app({backend});
  p.outlet.keep = false;
  ScriptedSocket client = p.connect();
  client.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  ScriptedSocket web = listener.accept();
  for (int i = 0; i < 20; ++i) {
    if (i == 10) allocations = 0;  // before that, everything is made that is used again
    counted_settle(p);
    web.read_until("\r\n\r\n");
    if (i % 2 == 1) {
      EXPECT_EQ(web.read_exactly(5), "hello");
    }
    web.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    counted_settle(p);
    client.read_message();
    client.send(i % 2 == 0 ? "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello"
                           : "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  }
  EXPECT_EQ(allocations, 0u);
  EXPECT_EQ(p.outlet.count, 20u);
}

// 24 bytes of it are its part of the app's connections, 40 its places in the turn's queue and in the memory account.
TEST(Proxy, an_idle_client_connection_is_small) { EXPECT_LE(sizeof(ClientConnection), 416u); }

}  // namespace
}  // namespace sluice::router
