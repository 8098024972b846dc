#pragma once

#include <atomic>
#include <memory>

#include <boost/asio/io_context.hpp>

namespace sluice::drains {

/// Wakes a transport on its shard when its producer has news. The producer's thread calls wake(); the shard then calls
/// Owner::on_wake_up(), unless the transport is gone. Transport and producer share the object. Several wakes before the
/// shard runs count as one.
class KafkaWakeUp {
 public:
  class Owner {
   public:
    virtual void on_wake_up() = 0;

   protected:
    ~Owner() = default;
  };

  KafkaWakeUp(boost::asio::io_context& io, Owner& owner) : io_(io), owner_(&owner) {}

  /// Call it on any thread; `self` points to this object.
  static void wake(const std::shared_ptr<KafkaWakeUp>& self);
  /// Call it on the shard before the owner is destroyed.
  void close() { owner_ = nullptr; }

 private:
  void run();

  boost::asio::io_context& io_;
  Owner* owner_;  // used by the shard only
  std::atomic<bool> waking_{false};
};

}  // namespace sluice::drains
