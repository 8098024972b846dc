#include "drains/kafka/kafka_deliveries.hpp"

namespace sluice::drains {

KafkaDeliveries::KafkaDeliveries(const Frame& frame, std::shared_ptr<KafkaWakeUp> wake_up)
    : id_(frame.id), wake_up_(std::move(wake_up)), lines_(frame.messages(), Line{this, kUntried, 0}) {}

KafkaDeliveries::Pointer KafkaDeliveries::make(const Frame& frame, std::shared_ptr<KafkaWakeUp> wake_up) {
  return Pointer(new KafkaDeliveries(frame, std::move(wake_up)));
}

void KafkaDeliveries::begin_again() {
  for (Line& line : lines_)
    if (line.is_failed()) line.outcome = kUntried;
  next_line = next_byte = 0;
  handed_over = inspected = false;
}

void KafkaDeliveries::release(std::uint32_t holders) {
  if (holders_.fetch_sub(holders, std::memory_order_acq_rel) == holders) delete this;
}

}  // namespace sluice::drains
