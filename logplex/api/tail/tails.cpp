#include "logplex/api/tail/tails.hpp"

#include "logplex/api/tail/tail_source.hpp"
#include "logplex/base/metrics.hpp"
#include "logplex/runtime/mailbox.hpp"

namespace sluice::api {

Tails::Tails(Shard& shard, FabricShard& fabric) : OnShard(shard), fabric_(fabric) {}

Tails::~Tails() = default;

void Tails::open(Key reader, TailRequest request) {
  ++counters_.opened;
  auto& source = sources_[reader];
  source = std::make_unique<TailSource>(*this, reader, std::move(request), fabric_);
  source->start();
}

void Tails::grant(Key reader) {
  if (const auto at = sources_.find(reader); at != sources_.end()) at->second->grant();
}

void Tails::close(Key reader) { sources_.erase(reader); }

void Tails::send_batch(Key reader, TailBatch batch) {
  ++counters_.batches;
  Tails* const there = all_[reader.shard];
  shard().send(reader.shard, make_mail([there, number = reader.number, batch = std::move(batch)]() mutable {
                 there->deliver(number, std::move(batch));
               }));
}

void Tails::deliver(std::uint64_t reader, TailBatch batch) {
  const auto at = readers_.find(reader);
  if (at == readers_.end()) return;
  at->second->batches_.push_back(std::move(batch));
  at->second->ready_.set();
}

void Tails::add_metrics(MetricsPage& page) const {
  page.gauge("sluice_api_tails", "Tails that are open.", static_cast<double>(readers_.size()));
  page.counter("sluice_api_tails_opened_total", "Tails and history reads started.",
               static_cast<double>(counters_.opened));
  page.counter("sluice_api_tail_lines_total", "Lines rendered for tails.", static_cast<double>(counters_.lines));
  page.counter("sluice_api_tail_lines_lost_total", "Lines that tails missed, as reported to them in gaps.",
               static_cast<double>(counters_.lost));
  page.counter("sluice_filter_lines_given_up_total", "Lines that a filter's regular expression gave up on: no match.",
               static_cast<double>(counters_.gave_up));
  page.counter("sluice_api_tail_batches_total", "Batches sent to tails.", static_cast<double>(counters_.batches));
}

TailReader::TailReader(Tails& tails, std::uint32_t owner, TailRequest request)
    : tails_(tails), owner_(owner), number_(++tails.last_number_), ready_(tails.shard()) {
  tails_.readers_[number_] = this;
  Tails* const there = tails_.all_[owner_];
  const Tails::Key key{tails_.shard().id(), number_};
  tails_.shard().send(owner_, make_mail([there, key, request = std::move(request)]() mutable {
                        there->open(key, std::move(request));
                      }));
}

TailReader::~TailReader() {
  tails_.readers_.erase(number_);
  // The task may end with the runtime, which no longer delivers messages.
  if (tails_.shard().runtime_stopping()) return;
  Tails* const there = tails_.all_[owner_];
  const Tails::Key key{tails_.shard().id(), number_};
  tails_.shard().send(owner_, make_mail([there, key] { there->close(key); }));
}

TailBatch TailReader::take_batch() {
  TailBatch batch = std::move(batches_.front());
  batches_.erase(batches_.begin());
  return batch;
}

void TailReader::release() {
  Tails* const there = tails_.all_[owner_];
  const Tails::Key key{tails_.shard().id(), number_};
  tails_.shard().send(owner_, make_mail([there, key] { there->grant(key); }));
}

}  // namespace sluice::api
