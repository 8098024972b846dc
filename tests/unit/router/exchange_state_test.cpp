#include "router/exchange_state.hpp"

#include <queue>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::router {
namespace {

using enum ExchangeState;
using Event = ExchangeEvent;

std::vector<ExchangeState> all_states() {
  std::vector<ExchangeState> states;
  for (std::size_t i = 0; i < kExchangeStates; ++i) states.push_back(static_cast<ExchangeState>(i));
  return states;
}

std::vector<Event> all_events() {
  std::vector<Event> events;
  for (std::size_t i = 0; i < kExchangeEvents; ++i) events.push_back(static_cast<Event>(i));
  return events;
}

ExchangeState after_all(std::initializer_list<Event> events) {
  ExchangeState state = kIdle;
  for (const Event event : events) {
    EXPECT_TRUE(may(state, event)) << static_cast<int>(state) << " " << static_cast<int>(event);
    state = after(state, event);
  }
  return state;
}

TEST(ExchangeState, every_state_is_reached_and_every_one_ends) {
  std::set<ExchangeState> reached{kIdle};
  std::queue<ExchangeState> open({kIdle});
  for (; !open.empty(); open.pop())
    for (const Event event : all_events())
      if (may(open.front(), event) && reached.insert(after(open.front(), event)).second)
        open.push(after(open.front(), event));
  EXPECT_EQ(reached.size(), kExchangeStates);
  for (const ExchangeState state : all_states()) {
    EXPECT_EQ(may(state, Event::kEnd), state != kIdle);
    EXPECT_EQ(after(state, Event::kEnd), kIdle);
  }
}

TEST(ExchangeState, a_response_that_has_begun_is_never_begun_again) {
  for (const ExchangeState state : all_states()) {
    if (!has_begun_to_respond(state)) continue;
    for (const Event event : {Event::kPick, Event::kRetry, Event::kHead, Event::kSwitch})
      EXPECT_FALSE(may(state, event)) << static_cast<int>(state);
    for (const Event event : all_events())
      if (event != Event::kEnd && may(state, event)) {
        EXPECT_TRUE(has_begun_to_respond(after(state, event)));
        EXPECT_EQ(is_tunnel(after(state, event)), is_tunnel(state));
      }
  }
}

TEST(ExchangeState, the_ways_of_a_request) {
  EXPECT_EQ(after_all({Event::kBegin, Event::kPick, Event::kSent, Event::kHead, Event::kWhole}), kServed);
  EXPECT_EQ(after_all({Event::kBegin, Event::kPick, Event::kHead}), kResponding);
  EXPECT_EQ(after_all({Event::kBegin, Event::kPick, Event::kSent, Event::kRetry, Event::kPick}), kSending);
  EXPECT_EQ(after_all({Event::kBegin, Event::kPick, Event::kSwitch, Event::kClientDone, Event::kResponderDone}),
            kBothDone);
  EXPECT_EQ(after_all({Event::kBegin, Event::kPick, Event::kSwitch, Event::kResponderDone, Event::kClientDone}),
            kBothDone);
  EXPECT_FALSE(may(kClientDone, Event::kClientDone));
  EXPECT_FALSE(may(kIdle, Event::kHead));
}

}  // namespace
}  // namespace sluice::router
