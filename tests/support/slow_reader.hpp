#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>

#include "logplex/channel/fabric.hpp"

namespace sluice {

/// Reads as from a disk: no line is ready before it was fetched, which takes a turn for a few lines.
class SlowReader final : public ChannelReader, private ChannelReader::Observer {
 public:
  static constexpr std::uint64_t kPiece = 7;

  SlowReader(FabricShard& fabric, ChannelReader::Observer& observer)
      : shard_(Shard::current()), observer_(observer), lines_(read_from_memory(fabric, *this)) {}

  result<void> open(ChannelSlot channel) override {
    const auto opened = lines_->open(channel);
    if (opened) fetched_ = lines_->position();
    return opened;
  }
  bool is_open() const override { return lines_->is_open(); }
  void seek(Seq next) override {
    lines_->seek(next);
    fetched_ = lines_->position();
    fetch();
  }
  std::optional<ResumedAt> resume(Seq kept) const override { return lines_->resume(kept); }
  Seq position() const override { return lines_->position(); }
  Seq end() const override { return lines_->end(); }
  Seq history_start() const override { return lines_->history_start(); }
  void take(LineVisitor& visitor) override {
    UpTo fetched(visitor, fetched_);
    lines_->take(fetched);
    if (is_open()) fetch();
  }
  bool has_pending() const override { return lines_->has_pending(); }
  bool has_ready() const override { return is_open() && has_pending() && position() < fetched_; }

 private:
  struct UpTo final : LineVisitor {
    UpTo(LineVisitor& visitor, Seq end) : visitor(visitor), end(end) {}
    virtual ~UpTo() = default;
    bool on_line(ChannelSlot channel, Seq seq, const RecordView& line) override {
      return seq < end && visitor.on_line(channel, seq, line);
    }
    void on_loss(const Losses& losses) override { visitor.on_loss(losses); }
    LineVisitor& visitor;
    const Seq end;
  };

  void on_ready() override { fetch(); }
  void on_closed() override { observer_.on_closed(); }
  void fetch() {
    if (fetching_ || !has_pending() || position() < fetched_) return;
    fetching_ = true;
    boost::asio::post(shard_.executor(), [this, alive = std::weak_ptr(alive_)] {
      if (alive.expired()) return;
      fetching_ = false;
      if (!is_open()) return;
      fetched_ = std::max(fetched_, std::min(position() + kPiece, end()));
      observer_.on_ready();
    });
  }

  Shard& shard_;
  ChannelReader::Observer& observer_;
  const std::unique_ptr<ChannelReader> lines_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Seq fetched_ = 0;  // lines before it are ready
  bool fetching_ = false;
};

inline std::unique_ptr<ChannelReader> read_slowly(FabricShard& fabric, ChannelReader::Observer& observer) {
  return std::make_unique<SlowReader>(fabric, observer);
}

}  // namespace sluice
