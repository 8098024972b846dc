#include "logplex/channel/channel_reader.hpp"

#include "logplex/channel/fabric.hpp"

namespace sluice {
namespace {

class MemoryReader final : public ChannelReader, private Subscription {
 public:
  MemoryReader(FabricShard& fabric, Observer& observer)
      : Subscription(fabric, Retention::kNothing), fabric_(fabric), observer_(observer) {}

  result<void> open(ChannelSlot channel) override {
    slot_ = channel;
    return attach(channel);
  }
  bool is_open() const override { return attached(); }
  void seek(Seq next) override { Subscription::seek(next); }
  std::optional<ResumedAt> resume(Seq kept) const override { return fabric_.resume(slot_, kept); }
  Seq position() const override { return Subscription::position(); }
  Seq end() const override { return Subscription::end(); }
  Seq history_start() const override { return Subscription::history_start(); }
  void take(LineVisitor& visitor) override { Subscription::take(visitor); }
  bool has_pending() const override { return Subscription::has_pending(); }
  bool has_ready() const override { return Subscription::has_ready(); }

 private:
  void on_news() override { observer_.on_ready(); }
  void on_closed() override { observer_.on_closed(); }

  FabricShard& fabric_;
  Observer& observer_;
  ChannelSlot slot_;
};

}  // namespace

std::unique_ptr<ChannelReader> read_from_memory(FabricShard& fabric, ChannelReader::Observer& observer) {
  return std::make_unique<MemoryReader>(fabric, observer);
}

}  // namespace sluice
