#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "logplex/base/slot.hpp"
#include "logplex/runtime/shard.hpp"
#include "router/endpoint.hpp"
#include "router/line/router_code.hpp"
#include "router/responder.hpp"

namespace sluice::router {

class BackendConnection;
class ProxyShard;
class Upstream;
enum class NameTrouble : std::uint8_t;
struct AppRoutes;

/// Finds a connection to one of an app's backends: chooses a backend, takes one of its idle connections or connects,
/// waits while its name is looked up, and tries the next address or backend when that fails.
///
///              +--> kWaiting    all backends are in quarantine: choose again later ---+
///     pick() --+                                                                      |
///       ^      +--> kResolving  the backend's name has no address yet --+             |
///       |      |        ^ no address worked         | address known     | none        |
///       |      |        |                           v                   v             v
///       |      +--> kConnecting --------------> kPicked         next backend, or on_no_backend()
///       |      |        next address of the backend ^
///       |      +--> an idle connection -------------+
///       +------------ retry(): the idle connection had closed
///
/// Part of an exchange, on its shard. It holds the chosen backend (Upstream) from the choice until clear(), so that the
/// backend's count of requests is right and the router line can name it.
class BackendPicker final {
 public:
  /// Who wants a backend. Exactly one of the two is called for each pick() and retry(), at once or later, unless stop()
  /// comes first.
  class Client {
   public:
    /// The connection is the client's from now on.
    virtual void on_backend(Responder& backend) = 0;
    virtual void on_no_backend(RouterCode code, std::string_view cause) = 0;

   protected:
    ~Client() = default;
  };

  BackendPicker(ProxyShard& proxy, Client& client);
  BackendPicker(const BackendPicker&) = delete;
  BackendPicker& operator=(const BackendPicker&) = delete;

  /// `repeatable`: the request may be sent twice, so an idle connection that has closed does no harm.
  void pick(AppSlot app, bool repeatable);
  /// True when retry() may follow: the connection was idle before, so it may have closed before the request came.
  bool may_retry() const { return state_ == State::kPicked && reused_ && repeatable_; }
  /// Connects to the same backend anew. This happens once for a request.
  void retry();
  /// Gives up looking; what the router line shows of the backend stays.
  void stop();
  /// Lets go of the backend and forgets everything.
  void clear();

  // For the router line.
  /// Name of the backend; empty when none was chosen.
  std::string_view backend() const;
  std::optional<std::int64_t> connect_ms() const { return connect_ms_; }
  /// Time since there was a connection.
  std::optional<std::int64_t> service_ms() const;

  // From the connection, while it connects.
  void on_connected();
  void on_connect_failed(bool timed_out, std::string_view cause = {});

 private:
  enum class State : std::uint8_t { kIdle, kWaiting, kResolving, kConnecting, kPicked };

  void choose();
  Upstream* hold_one(AppRoutes& routes);
  void look_up_quarantined(const AppRoutes& routes);
  void choose_again_later();
  void go_to_backend();
  BackendConnection* idle_connection();
  void hand_over(BackendConnection& connection);
  void connect();
  bool target_is_allowed() const;
  void connect_to_target();
  void await_address();
  void on_no_address(NameTrouble trouble);
  void look_up_anew();
  void give_up_backend(RouterCode code, std::string_view cause = {});
  bool try_next_backend() const;
  void give_up(RouterCode code, std::string_view cause = {});
  void let_go_of_upstream();
  Duration time_left() const;
  void on_time();

  ProxyShard& proxy_;
  Client& client_;
  State state_ = State::kIdle;
  bool repeatable_ = false;
  bool reused_ = false;
  bool looked_up_anew_ = false;                 // because no address of the backend's name worked
  RouterCode connect_code_ = RouterCode::kH21;  // of the last failed connect
  AppSlot app_;
  std::uint32_t attempts_ = 0;  // backends tried
  Upstream* upstream_ = nullptr;
  BackendConnection* connecting_ = nullptr;
  Endpoint target_;  // of the last connect
  std::string_view connect_cause_;
  Duration backoff_{};
  SteadyTime since_{};
  SteadyTime connecting_since_{};
  std::optional<SteadyTime> connected_at_;
  std::optional<std::int64_t> connect_ms_;
  Deadline<&BackendPicker::on_time> deadline_;
};

}  // namespace sluice::router
