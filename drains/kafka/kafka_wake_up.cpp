#include "drains/kafka/kafka_wake_up.hpp"

#include <boost/asio/post.hpp>

namespace sluice::drains {

void KafkaWakeUp::wake(const std::shared_ptr<KafkaWakeUp>& self) {
  if (self->waking_.exchange(true, std::memory_order_acq_rel)) return;
  boost::asio::post(self->io_, [self] { self->run(); });
}

void KafkaWakeUp::run() {
  waking_.store(false, std::memory_order_release);
  if (owner_ != nullptr) owner_->on_wake_up();
}

}  // namespace sluice::drains
