#include "drains/kafka/kafka_flight.hpp"

#include <boost/asio/post.hpp>

namespace sluice::drains {

void KafkaDoor::knock(const std::shared_ptr<KafkaDoor>& self) {
  if (self->knocked_.exchange(true, std::memory_order_acq_rel)) return;
  boost::asio::post(self->io_, [self] { self->answer(); });
}

void KafkaDoor::answer() {
  knocked_.store(false, std::memory_order_release);
  if (owner_ != nullptr) owner_->on_knock();
}

KafkaFlight::KafkaFlight(const Frame& frame, std::shared_ptr<KafkaDoor> door)
    : id_(frame.id), door_(std::move(door)), lines_(frame.messages(), Line{this, kUntried, 0}) {}

KafkaFlight::Pointer KafkaFlight::make(const Frame& frame, std::shared_ptr<KafkaDoor> door) {
  return Pointer(new KafkaFlight(frame, std::move(door)));
}

void KafkaFlight::begin_again() {
  for (Line& line : lines_)
    if (line.is_failed()) line.outcome = kUntried;
  next_line = next_byte = 0;
  handed_over = inspected = false;
}

void KafkaFlight::let_go(std::uint32_t holders) {
  if (holders_.fetch_sub(holders, std::memory_order_acq_rel) == holders) delete this;
}

}  // namespace sluice::drains
