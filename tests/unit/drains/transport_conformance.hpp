#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/drains/drain_fixture.hpp"

// What every transport does, whatever its protocol. A kind of drain instantiates it with a receiver of its own:
//
//     class Receiver {
//       explicit Receiver(DrainWorld& world);
//       std::string url() const;
//       /// From now on takes and confirms what comes, over new connections too. `pause`: between pieces of a few KiB.
//       void open(std::chrono::milliseconds pause = {});
//       /// Connections stay and can be made, but nothing is taken.
//       void hold();
//       /// Connections end at once, without what was sent; none can be made.
//       void cut();
//       /// The texts of the lines that came while it was open, in order. `wanted`: waits for so many.
//       std::vector<std::string> texts(std::size_t wanted);
//       /// Sets what a drain needs to trust the receiver.
//       static void make_trust(Drain& drain);
//       /// A url of the same kind that leads to this port of 127.0.0.1.
//       static std::string url_to(std::uint16_t port);
//     };

namespace sluice::drains {

/// A listener whose queue is full: connects to it hang.
class FullListener {
 public:
  FullListener() : port_(free_port()), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(listener_.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.fd(), where, sizeof address), 0);
    EXPECT_EQ(::listen(listener_.fd(), 0), 0);
    for (int i = 0; i < 4; ++i) {
      fillers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(fillers_.back().fd(), where, sizeof address);
    }
  }
  std::uint16_t port() const { return port_; }

 private:
  const std::uint16_t port_;
  const UniqueFd listener_;
  std::vector<UniqueFd> fillers_;
};

template <class Receiver>
class TransportConformance : public testing::Test {
 protected:
  using Texts = std::vector<std::string>;

  TransportConformance() : drain(trusting_drain_to(receiver.url())), transport(world, drain) {
    encoder = make_encoder(drain, world.settings).value();
  }

  Frame frame_with(const Texts& texts) {
    Frame frame;
    for (const std::string& text : texts) {
      const std::string line = text + "\n";
      const OwnedRecord record(line_of(line));
      encoder->append(record.view(), frame.body);
      ++frame.lines;
    }
    frame.id.fill(static_cast<char>('A' + frames_made++ % 26));
    return frame;
  }
  static Texts numbered(int from, int to) {
    Texts out;
    for (int i = from; i < to; ++i) out.push_back("line " + std::to_string(i));
    return out;
  }

  std::size_t take_confirmed() {
    return on_windowed([](Windowed& it) { return it.take_confirmed(); }, std::size_t{0});
  }
  bool broken() {
    return on_windowed([](Windowed& it) { return it.broken(); }, false);
  }
  /// `otherwise`: for a transport that is not windowed.
  template <class F, class R>
  R on_windowed(F f, R otherwise) {
    return transport.on_shard([&](Transport& it) { return it.windowed() != nullptr ? f(*it.windowed()) : otherwise; });
  }
  /// As a runner does: until the receiver has confirmed it, again when it has to be.
  bool delivers(const Frame& frame) {
    return eventually([&] {
      const SendReport report = transport.send(frame);
      if (report.verdict == Verdict::kDelivered) return true;
      if (report.verdict != Verdict::kSent) return false;
      std::size_t confirmed = 0;
      return eventually([&] {
               confirmed += take_confirmed();
               return confirmed > 0 || broken();
             }) &&
             confirmed > 0;
    });
  }

  DrainWorld world{{"127.0.0.0/8"}, quick()};
  Receiver receiver{world};
  const Drain drain;
  TransportOnShard transport;
  std::unique_ptr<Encoder> encoder;
  int frames_made = 0;

 private:
  static Drain trusting_drain_to(std::string url) {
    Drain drain = drain_to(std::move(url));
    Receiver::make_trust(drain);
    return drain;
  }
  static DrainSettings quick() {
    DrainSettings settings = default_settings();
    settings.kafka_linger = std::chrono::milliseconds(1);
    return settings;
  }
};

TYPED_TEST_SUITE_P(TransportConformance);

TYPED_TEST_P(TransportConformance, delivers_each_line_once_and_in_order) {
  this->receiver.open();
  for (int frame = 0; frame < 5; ++frame)
    ASSERT_TRUE(this->delivers(this->frame_with(this->numbered(frame * 3, frame * 3 + 3))));
  EXPECT_EQ(this->receiver.texts(15), this->numbered(0, 15));
  EXPECT_FALSE(this->broken());
  EXPECT_EQ(this->take_confirmed(), 0u) << "nothing is confirmed twice";
}

TYPED_TEST_P(TransportConformance, as_many_frames_as_its_window_may_wait_for_confirmation) {
  this->receiver.open();
  const std::size_t window = this->on_windowed([](Windowed& it) { return it.window(); }, std::size_t{1});
  ASSERT_GE(window, 1u);
  std::size_t sent = 0;
  for (std::size_t i = 0; i < window; ++i) {
    const SendReport report = this->transport.send(this->frame_with(this->numbered(int(i), int(i) + 1)));
    if (report.verdict == Verdict::kDelivered) continue;
    ASSERT_EQ(report.verdict, Verdict::kSent) << report.error;
    ++sent;
  }
  std::size_t confirmed = 0;
  EXPECT_TRUE(eventually([&] { return (confirmed += this->take_confirmed()) >= sent; }));
  EXPECT_EQ(confirmed, sent);
  EXPECT_EQ(this->receiver.texts(window), this->numbered(0, int(window)));
}

TYPED_TEST_P(TransportConformance, a_slow_receiver_gets_the_whole_frame) {
  using std::chrono::milliseconds;
  this->receiver.open(milliseconds(2));
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) texts.push_back(std::to_string(i) + std::string(1000, 'x'));
  ASSERT_TRUE(this->delivers(this->frame_with(texts)));
  EXPECT_EQ(this->receiver.texts(texts.size()), texts);
}

TYPED_TEST_P(TransportConformance, what_a_broken_connection_took_along_is_sent_again) {
  this->receiver.open();
  ASSERT_TRUE(this->delivers(this->frame_with({"before"})));
  EXPECT_EQ(this->receiver.texts(1), std::vector<std::string>{"before"});
  this->receiver.cut();
  const Frame frame = this->frame_with({"lost on the way"});
  auto later = std::async(std::launch::async, [&] { return this->delivers(frame); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  this->receiver.open();
  ASSERT_TRUE(later.get());
  const auto texts = this->receiver.texts(2);
  EXPECT_EQ(texts.front(), "before");
  EXPECT_EQ(texts.back(), "lost on the way");
}

TYPED_TEST_P(TransportConformance, close_ends_a_send_that_waits_and_the_next_one_works) {
  this->receiver.hold();
  std::vector<std::string> texts;
  for (int i = 0; i < 8000; ++i) texts.push_back(std::to_string(i) + std::string(1000, 'x'));
  const Frame frame = this->frame_with(texts);
  auto sending = std::async(std::launch::async, [&] { return this->transport.send(frame); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  this->transport.on_shard([](Transport& it) { it.close(); });
  ASSERT_EQ(sending.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_NE(sending.get().verdict, Verdict::kDelivered);
  this->receiver.open();
  EXPECT_TRUE(this->delivers(this->frame_with({"after"})));
  // What had arrived of the other frame may be read before or behind it.
  EXPECT_TRUE(eventually([&] { return std::ranges::count(this->receiver.texts(1), "after") == 1; }));
}

TYPED_TEST_P(TransportConformance, a_drain_that_is_changed_while_it_connects_goes_to_its_new_receiver) {
  const FullListener nobody;
  RunnerOnShard runner(this->world, drain_to(TypeParam::url_to(nobody.port())));
  this->world.append("for the new one\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  this->receiver.open();
  runner.change(this->drain);
  EXPECT_TRUE(runner.delivers(1));
  EXPECT_EQ(this->receiver.texts(1), std::vector<std::string>{"for the new one"});
}

REGISTER_TYPED_TEST_SUITE_P(TransportConformance, delivers_each_line_once_and_in_order,
                            as_many_frames_as_its_window_may_wait_for_confirmation,
                            a_slow_receiver_gets_the_whole_frame, what_a_broken_connection_took_along_is_sent_again,
                            close_ends_a_send_that_waits_and_the_next_one_works,
                            a_drain_that_is_changed_while_it_connects_goes_to_its_new_receiver);

}  // namespace sluice::drains
