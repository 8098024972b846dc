#include "logplex/runtime/memory_account.hpp"

#include "logplex/base/metrics.hpp"
#include "logplex/runtime/memory_shard.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice {
namespace {

struct Part {
  std::string_view name;
  unsigned percent;  // of the reserve
};

/// Three quarters in all. The last quarter is for the program itself, its configuration and what the allocator keeps.
constexpr std::array<Part, kMemoryClasses> kParts{{{"router_heads", 15},
                                                   {"router_bodies", 10},
                                                   {"router_parked", 5},
                                                   {"ingress_bodies", 20},
                                                   {"api_bodies", 8},
                                                   {"api_streams", 7},
                                                   {"tls", 10}}};

constexpr MemoryClass class_at(std::size_t index) { return static_cast<MemoryClass>(index); }

}  // namespace

std::string_view to_string(MemoryClass of) { return kParts[static_cast<std::size_t>(of)].name; }

MemoryCharge::MemoryCharge(Shard& shard, MemoryClass of, MemoryHolder& holder)
    : memory_(shard.runtime().memory().shard(shard.id())), holder_(holder), class_(of) {}

bool MemoryCharge::class_is_full() const { return memory_.account().full(class_); }

void MemoryCharge::change(std::uint32_t units) { memory_.change(*this, units); }

std::uint64_t MemoryAccount::Pool::over() const {
  const std::uint64_t allowed = limit + leaving.load(std::memory_order_relaxed);
  const std::uint64_t now = held.load(std::memory_order_relaxed);
  return allowed >= limit && now > allowed ? now - allowed : 0;  // no limit: the sum wraps
}

MemoryAccount::MemoryAccount(std::uint32_t shards) {
  for (std::uint32_t id = 0; id < shards; ++id) shards_.push_back(std::make_unique<MemoryShard>(*this));
}

MemoryAccount::~MemoryAccount() = default;

void MemoryAccount::set_reserve(Bytes reserve) {
  for (std::size_t i = 0; i < kMemoryClasses; ++i) set_limit(class_at(i), {reserve.count / 100 * kParts[i].percent});
}

void MemoryAccount::set_limit(MemoryClass of, Bytes limit) { pool(of).limit = limit.count / MemoryCharge::kUnit; }

void MemoryAccount::add_metrics(MetricsPage& page) const {
  for (std::size_t i = 0; i < kMemoryClasses; ++i) {
    const MemoryClass of = class_at(i);
    const MetricsPage::Labels labels{{"class", std::string(to_string(of))}};
    page.gauge("sluice_memory_held_bytes", "Memory held for connected peers, apart from lines and frames.",
               held(of).count, labels);
    page.gauge("sluice_memory_limit_bytes", "The part of process.memory_reserve that a class may hold.",
               limit(of).count, labels);
    page.counter("sluice_memory_evicted_total",
                 "Requests, connections and other holders ended because their class was over its limit.", evicted(of),
                 labels);
  }
}

}  // namespace sluice
