#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::router {

/// Where an Exchange stands. The order matters: from kResponding on a response has begun, from kTunnel on bytes are
/// passed both ways as they come.
enum class ExchangeState : std::uint8_t {
  kIdle,
  kPicking,        // looking for a responder
  kSending,        // the responder has a part of the request
  kAwaiting,       // it has all of the request and has sent nothing
  kResponding,     // the response is being passed on; the request may be incomplete
  kServed,         // everything is sent; the client may be gone, and its acknowledgement will tell
  kTunnel,         // after a 101
  kClientDone,     // in the tunnel, the client has closed its sending side
  kResponderDone,  // in the tunnel, the responder has
  kBothDone,       // both have; the last bytes for the responder are on their way
};
constexpr std::size_t kExchangeStates = 10;

/// What moves an Exchange to another state. Everything else that happens leaves it where it is.
enum class ExchangeEvent : std::uint8_t {
  kBegin,          // a request head has come
  kPick,           // there is a responder
  kSent,           // all of the request is sent
  kRetry,          // the responder's connection had closed before the request came
  kHead,           // a response begins
  kSwitch,         // a 101
  kWhole,          // the response is complete, and the client may be gone
  kClientDone,     // the client has closed its sending side
  kResponderDone,  // the responder has
  kEnd,            // the router line is written
};
constexpr std::size_t kExchangeEvents = 10;

/// The state after an event, or kIdle for an event that is not possible in a state (kEnd alone leads to kIdle).
///
///                 Begin    Pick     Sent      Retry    Head        Switch  Whole   ClientDone  RespDone   End
///     Idle        Picking  -        -         -        -           -       -       -           -          -
///     Picking     -        Sending  -         -        -           -       -       -           -          Idle
///     Sending     -        -        Awaiting  Picking  Responding  Tunnel  -       -           -          Idle
///     Awaiting    -        -        -         Picking  Responding  Tunnel  -       -           -          Idle
///     Responding  -        -        -         -        -           -       Served  -           -          Idle
///     Served      -        -        -         -        -           -       -       -           -          Idle
///     Tunnel      -        -        -         -        -           -       -       ClientDone  RespDone   Idle
///     ClientDone  -        -        -         -        -           -       -       -           BothDone   Idle
///     RespDone    -        -        -         -        -           -       -       BothDone    -          Idle
///     BothDone    -        -        -         -        -           -       -       -           -          Idle
constexpr ExchangeState after(ExchangeState state, ExchangeEvent event) {
  using enum ExchangeState;
  constexpr ExchangeState kNext[kExchangeStates][kExchangeEvents] = {
      {kPicking, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle},
      {kIdle, kSending, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle},
      {kIdle, kIdle, kAwaiting, kPicking, kResponding, kTunnel, kIdle, kIdle, kIdle, kIdle},
      {kIdle, kIdle, kIdle, kPicking, kResponding, kTunnel, kIdle, kIdle, kIdle, kIdle},
      {kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kServed, kIdle, kIdle, kIdle},
      {kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle},
      {kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kClientDone, kResponderDone, kIdle},
      {kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kBothDone, kIdle},
      {kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kBothDone, kIdle, kIdle},
      {kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle, kIdle},
  };
  return kNext[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

/// True when the event is possible.
constexpr bool may(ExchangeState state, ExchangeEvent event) {
  if (event == ExchangeEvent::kEnd) return state != ExchangeState::kIdle;
  return after(state, event) != ExchangeState::kIdle;
}

constexpr bool has_begun_to_respond(ExchangeState state) { return state >= ExchangeState::kResponding; }
constexpr bool is_tunnel(ExchangeState state) { return state >= ExchangeState::kTunnel; }

}  // namespace sluice::router
