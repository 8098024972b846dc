#include "logplex/net/datagram_listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "logplex/net/bound_socket.hpp"
#include "tests/support/running_shards.hpp"

namespace sluice {
namespace {

/// A toy user: remembers the texts and the last sender.
struct Inbox final : DatagramHandler {
  void on_datagram(std::string_view bytes, const Peer& from) override {
    texts.emplace_back(bytes);
    last = from;
    if (texts.back() == "close") listener->close();
  }
  std::vector<std::string> texts;
  Peer last;
  DatagramListener* listener = nullptr;
};

class DatagramListenerTest : public ::testing::Test {
 protected:
  DatagramListenerTest() {
    const ShardScope on(shards.runtime.shard(0));
    auto bound = bind_socket({"127.0.0.1", 0}, SOCK_DGRAM);
    listener = std::make_unique<DatagramListener>(shards.runtime.shard(0), std::move(bound.value()), inbox);
    inbox.listener = listener.get();
    EXPECT_TRUE(listener->start().has_value());
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(listener->port());
    EXPECT_EQ(::connect(sender.fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    shards.start();
  }
  ~DatagramListenerTest() override {
    shards.on(0, [&] { listener.reset(); });
  }
  bool send(std::string_view bytes) {
    return ::send(sender.fd(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
  }
  std::vector<std::string> texts() {
    return shards.on(0, [&] { return inbox.texts; });
  }

  RunningShards shards;
  Inbox inbox;
  std::unique_ptr<DatagramListener> listener;
  const UniqueFd sender{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(DatagramListenerTest, each_datagram_arrives_whole_with_its_sender) {
  ASSERT_TRUE(send("one"));
  ASSERT_TRUE(send(""));
  ASSERT_TRUE(send("three\nlines\n"));
  ASSERT_TRUE(eventually([&] { return texts().size() == 3; }));
  EXPECT_EQ(texts(), (std::vector<std::string>{"one", "", "three\nlines\n"}));
  EXPECT_EQ(inbox.last.address, asio::ip::make_address("127.0.0.1"));
  EXPECT_EQ(inbox.last.port, peer_of(local_address(sender.fd())).port);
}

TEST_F(DatagramListenerTest, each_datagram_is_received_or_counted_as_dropped) {
  constexpr std::uint64_t kSent = 10'000;
  // The shard does not read meanwhile.
  shards.on(0, [&] {
    for (std::uint64_t i = 0; i < kSent; ++i) send("datagram");
  });
  EXPECT_TRUE(
      eventually([&] { return shards.on(0, [&] { return listener->received() + listener->dropped(); }) == kSent; }));
  EXPECT_GT(shards.on(0, [&] { return listener->dropped(); }), 0U);
}

TEST_F(DatagramListenerTest, more_than_a_turn_takes_arrives_in_the_next_ones) {
  constexpr std::size_t kSent = 5 * DatagramListener::kPerTurn / 2;
  std::vector<std::string> expected;
  shards.on(0, [&] {
    for (std::size_t i = 0; i < kSent; ++i) {
      expected.push_back(std::to_string(i));
      EXPECT_TRUE(send(expected.back()));
    }
  });
  ASSERT_TRUE(eventually([&] { return texts().size() == kSent; }));
  EXPECT_EQ(texts(), expected);
}

TEST_F(DatagramListenerTest, nothing_arrives_after_close) {
  ASSERT_TRUE(send("close"));
  ASSERT_TRUE(eventually([&] { return texts().size() == 1; }));
  send("late");
  shards.on(0, [] {});
  EXPECT_EQ(texts(), std::vector<std::string>{"close"});
}

TEST(BindSocket, two_datagram_listeners_do_not_share_a_port) {
  const auto first = bind_socket({"127.0.0.1", 0}, SOCK_DGRAM);
  ASSERT_TRUE(first.has_value());
  const std::uint16_t port = peer_of(local_address(first->fd())).port;
  const auto second = bind_socket({"127.0.0.1", port}, SOCK_DGRAM);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, boost::system::errc::address_in_use);
}

}  // namespace
}  // namespace sluice
