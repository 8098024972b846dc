#include "router/backend_picker.hpp"

#include <gtest/gtest.h>

#include "router/backend_connection.hpp"
#include "tests/unit/router/proxy_harness.hpp"

namespace sluice::router {
namespace {

using namespace std::chrono_literals;

/// Wants one backend, and closes it at the end.
struct Picking final : ProxyHarness, BackendPicker::Client {
  ~Picking() {
    picker.clear();
    if (backend != nullptr) backend->close();
  }
  void on_backend(Responder& found) override { backend = &found; }
  void on_no_backend(RouterCode code, std::string_view why) override {
    failed = code;
    cause = why;
  }
  void set_backends(std::initializer_list<std::string> addresses) {
    std::vector<Backend> backends;
    for (const std::string& address : addresses) {
      Backend b;
      b.name = "web." + std::to_string(backends.size() + 1);
      b.address = address;
      backends.push_back(b);
    }
    set_app(backends);
  }
  AppSlot app() { return feed->current().app_by_host("app.test")->slot; }
  std::uint32_t outstanding() { return proxy->table().routes(app())->upstreams[0]->outstanding(); }

  BackendPicker picker{*proxy, *this};
  Responder* backend = nullptr;
  std::optional<RouterCode> failed;
  std::string cause;
};

TEST(BackendPicker, connects_and_holds_the_backend_until_it_is_cleared) {
  Picking p;
  ScriptedListener web(p);
  p.set_backends({web.address()});
  p.picker.pick(p.app(), true);
  EXPECT_EQ(p.backend, nullptr);
  EXPECT_TRUE(p.until([&] { return p.backend != nullptr; }));
  EXPECT_EQ(p.picker.backend(), "web.1");
  EXPECT_TRUE(p.picker.connect_ms().has_value());
  EXPECT_FALSE(p.picker.may_retry());
  EXPECT_EQ(p.outstanding(), 1u);
  p.picker.clear();
  EXPECT_EQ(p.outstanding(), 0u);
  EXPECT_EQ(p.picker.backend(), "");
}

TEST(BackendPicker, says_why_there_is_none) {
  Picking p;
  p.set_backends({});
  p.picker.pick(p.app(), true);
  EXPECT_EQ(p.failed, RouterCode::kH14);
  p.picker.clear();
  p.set_backends({"127.0.0.1:1"});
  p.picker.pick(p.app(), true);
  EXPECT_TRUE(p.until([&] { return p.failed == RouterCode::kH21; }));
  EXPECT_EQ(p.picker.backend(), "web.1");
  EXPECT_EQ(p.backend, nullptr);
}

TEST(BackendPicker, tries_the_next_backend) {
  Picking p;
  ScriptedListener web(p);
  p.set_backends({"127.0.0.1:1", web.address()});
  for (int i = 0; i < 4; ++i) {
    p.picker.pick(p.app(), true);
    EXPECT_TRUE(p.until([&] { return p.backend != nullptr; }));
    EXPECT_EQ(p.picker.backend(), "web.2");
    std::exchange(p.backend, nullptr)->close();
    p.picker.clear();
  }
  EXPECT_FALSE(p.failed.has_value());
}

TEST(BackendPicker, tells_nobody_once_it_is_stopped) {
  Picking p;
  ScriptedListener web(p);
  p.set_backends({web.address()});
  p.picker.pick(p.app(), true);
  p.picker.stop();
  EXPECT_EQ(p.picker.backend(), "web.1");
  p.settle();
  EXPECT_EQ(p.backend, nullptr);
  EXPECT_FALSE(p.failed.has_value());
  EXPECT_EQ(p.proxy->counters().backend_connections, 0u);
}

TEST(BackendPicker, gives_up_when_the_name_has_no_address) {
  Picking p;
  p.resolver.error = NetError::kNoSuchHost;
  p.set_backends({"nowhere.test:80"});
  p.picker.pick(p.app(), true);
  p.per_wait = 1ms;
  EXPECT_TRUE(p.until([&] { return p.failed.has_value(); }));
  EXPECT_EQ(p.failed, RouterCode::kH21);
  EXPECT_EQ(p.cause, "dns not found");
}

}  // namespace
}  // namespace sluice::router
