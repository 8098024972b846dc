#include "logplex/runtime/memory_shard.hpp"

#include <algorithm>

#include "logplex/runtime/runtime.hpp"

namespace sluice {

/// Used by the shard that began the round; other shards only pass the pointer back.
struct MemoryShard::Round {
  MemoryClass of;
  std::size_t awaited;  // shards that have not answered
  Offers offers;
  bool told_any = false;
};

void MemoryShard::change(MemoryCharge& charge, std::uint32_t units) {
  auto& pool = account_.pool(charge.class_);
  const std::uint64_t before = charge.units_;
  pool.held.fetch_add(units - before, std::memory_order_relaxed);  // wraps as it should
  if (charge.told_) pool.leaving.fetch_add(units - before, std::memory_order_relaxed);
  if (charge.is_linked()) holders(charge.class_).erase(Holders::s_iterator_to(charge));
  if (before == 0) charge.since_ = Shard::current().now();
  charge.units_ = units;
  if (units == 0) charge.told_ = false;
  if (units > 0 && !charge.told_) holders(charge.class_).insert(charge);
  if (units > before && pool.over() > 0) {
    over_ |= 1U << static_cast<unsigned>(charge.class_);
    Shard::current().at_turn_end(*this);
  }
}

void MemoryShard::on_turn_end() {
  const std::uint32_t over = std::exchange(over_, 0);
  for (std::size_t i = 0; i < kMemoryClasses; ++i) {
    if ((over & (1U << i)) != 0) begin_round(static_cast<MemoryClass>(i));
  }
}

void MemoryShard::begin_round(MemoryClass of) {
  auto& pool = account_.pool(of);
  const std::uint64_t wanted = pool.over();
  // The shard whose round is under way begins another at its end while the class is over.
  if (wanted == 0 || pool.round.exchange(true)) return;
  Shard& here = Shard::current();
  const auto round = std::make_shared<Round>(Round{of, account_.shards_.size(), {}});
  for (std::uint32_t to = 0; to < account_.shards_.size(); ++to) {
    here.send(
        to, make_mail([this, round = round, of, to, wanted, back = here.id(), &other = account_.shard(to)]() mutable {
          auto found = other.offers(of, to, wanted);
          Shard::current().send(
              back, make_mail([this, round = std::move(round), found = std::move(found)] { gather(round, found); }));
        }));
  }
}

/// The largest holders of this shard, as many as the round could need.
MemoryShard::Offers MemoryShard::offers(MemoryClass of, std::uint32_t shard, std::uint64_t wanted) {
  Offers found;
  std::uint64_t sum = 0;
  for (const MemoryCharge& charge : holders(of)) {
    if (sum >= wanted || found.size() == kMostOffered) break;
    found.push_back({shard, charge.units_, charge.since_});
    sum += charge.units_;
  }
  return found;
}

void MemoryShard::gather(const std::shared_ptr<Round>& round, const Offers& offers) {
  round->offers.insert(round->offers.end(), offers.begin(), offers.end());
  if (--round->awaited == 0) choose(round);
}

void MemoryShard::choose(const std::shared_ptr<Round>& round) {
  std::sort(round->offers.begin(), round->offers.end(),
            [](const Offer& a, const Offer& b) { return a.units != b.units ? a.units > b.units : a.since < b.since; });
  struct Victims {
    std::size_t count = 0;
    std::uint32_t smallest = 0;
  };
  std::vector<Victims> of_shard(account_.shards_.size());
  std::uint64_t missing = account_.pool(round->of).over();
  for (const Offer& offer : round->offers) {
    if (missing == 0) break;
    missing -= std::min<std::uint64_t>(missing, offer.units);
    of_shard[offer.shard] = {of_shard[offer.shard].count + 1, offer.units};
  }
  round->awaited = 1;  // this function itself
  for (std::uint32_t to = 0; to < of_shard.size(); ++to) {
    if (of_shard[to].count == 0) continue;
    ++round->awaited;
    round->told_any = true;
    Shard::current().send(to, make_mail([this, round = round, victims = of_shard[to], back = Shard::current().id(),
                                         &other = account_.shard(to)]() mutable {
                            other.tell_largest(round->of, victims.count, victims.smallest);
                            Shard::current().send(back,
                                                  make_mail([this, round = std::move(round)] { end_part(round); }));
                          }));
  }
  end_part(round);
}

void MemoryShard::end_part(const std::shared_ptr<Round>& round) {
  if (--round->awaited > 0) return;
  auto& pool = account_.pool(round->of);
  pool.round.store(false);
  // Other shards may have seen this round and left the rest to it.
  if (round->told_any && pool.over() > 0) {
    over_ |= 1U << static_cast<unsigned>(round->of);
    Shard::current().at_turn_end(*this);
  }
}

/// Skips holders that have become smaller since, and stops when the holders told so far are enough.
void MemoryShard::tell_largest(MemoryClass of, std::size_t count, std::uint32_t at_least) {
  auto& pool = account_.pool(of);
  for (; count > 0 && !holders(of).empty() && pool.over() > 0; --count) {
    MemoryCharge& charge = *holders(of).begin();
    if (charge.units_ < at_least) return;
    holders(of).erase(holders(of).begin());
    charge.told_ = true;
    pool.leaving.fetch_add(charge.units_, std::memory_order_relaxed);
    pool.evicted.fetch_add(1, std::memory_order_relaxed);
    charge.holder_.give_up_memory(of);
  }
}

}  // namespace sluice
