#include "logplex/base/backoff.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Backoff, doubles_to_the_longest_with_jitter) {
  SeededRng rng(1);
  Backoff backoff(std::chrono::milliseconds(100), std::chrono::milliseconds(450));
  for (const int most : {100, 200, 400, 450, 450}) {
    const Duration pause = backoff.pause(rng);
    EXPECT_GE(pause, std::chrono::milliseconds(most) / 2);
    EXPECT_LE(pause, std::chrono::milliseconds(most));
  }
  backoff.reset();
  EXPECT_LE(backoff.pause(rng), std::chrono::milliseconds(100));
}

// A hundred clients lose a server at the same moment and find it again: not all at once, at no attempt.
TEST(Backoff, a_hundred_clients_come_back_spread_out) {
  constexpr std::size_t kClients = 100;
  constexpr Duration kLongest = std::chrono::seconds(5);
  constexpr Duration kOutage = std::chrono::seconds(30);
  std::vector<std::size_t> arrivals(50);  // tenths of a second after the server is back
  for (std::size_t client = 0; client < kClients; ++client) {
    SeededRng rng(client);
    Backoff backoff(std::chrono::milliseconds(100), kLongest);
    Duration now{};
    while (now < kOutage) {
      const auto pause = backoff.pause(rng);
      ASSERT_GT(pause, Duration::zero());
      ASSERT_LE(pause, kLongest);
      now += pause;
    }
    const auto tenth = static_cast<std::size_t>((now - kOutage) / std::chrono::milliseconds(100));
    ASSERT_LT(tenth, arrivals.size());
    ++arrivals[tenth];
  }
  EXPECT_LE(*std::max_element(arrivals.begin(), arrivals.end()), kClients / 8);
  EXPECT_GE(std::count_if(arrivals.begin(), arrivals.end(), [](std::size_t n) { return n > 0; }), 20);
}

}  // namespace
}  // namespace sluice
