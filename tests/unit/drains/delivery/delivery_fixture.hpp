#pragma once

#include <optional>
#include <string>
#include <utility>

#include "tests/unit/drains/drain_fixture.hpp"

namespace sluice::drains {

struct WithListener {
  RawListener listener;
};

/// A drain of the world's channel and its HTTP receiver, which answers as the test says.
class Delivery : public WithListener, public RunnerOnShard {
 public:
  /// `options` may have any but the url.
  explicit Delivery(DrainWorld& world, Drain options = drain_to(""))
      : RunnerOnShard(world, with_url(std::move(options), url_of(listener, "http"))) {}

  /// The next request, over the last connection or a new one.
  std::string request() {
    std::string request = peer_ ? peer_->read_response() : "";
    if (!request.empty()) return request;
    peer_.emplace(listener.accept());
    return peer_->read_response();
  }
  void answer(int status, const std::string& headers = "") { peer_->send(drains::answer(status, headers)); }
  void hang_up() { peer_->close(); }

 private:
  static Drain with_url(Drain drain, std::string url) {
    drain.url = Secret(std::move(url));
    return drain;
  }

  std::optional<RawClient> peer_;
};

}  // namespace sluice::drains
