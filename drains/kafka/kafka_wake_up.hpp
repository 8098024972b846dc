#pragma once

#include <atomic>
#include <memory>

#include <boost/asio/io_context.hpp>

namespace sluice::drains {

/// Wakes a transport on its shard when its producer has news. The producer's thread calls wake(); the shard then calls
/// Owner::on_wake_up(), unless the transport is gone. Both share it. Wakes that the shard has not seen yet count as
/// one.
class KafkaWakeUp {
 public:
  class Owner {
   public:
    virtual void on_wake_up() = 0;

   protected:
    ~Owner() = default;
  };

  KafkaWakeUp(boost::asio::io_context& io, Owner& owner) : io_(io), owner_(&owner) {}

  /// Any thread; `self` is this object.
  static void wake(const std::shared_ptr<KafkaWakeUp>& self);
  /// On the shard: the owner is going.
  void close() { owner_ = nullptr; }

 private:
  void run();

  boost::asio::io_context& io_;
  Owner* owner_;  // the shard's
  std::atomic<bool> waking_{false};
};

}  // namespace sluice::drains
