#pragma once

#include <map>
#include <memory>

#include "drains/facts/drain_facts.hpp"
#include "drains/kinds/drain_environment.hpp"
#include "drains/kinds/encoder.hpp"
#include "drains/kinds/ledger.hpp"
#include "drains/kinds/transport.hpp"

namespace sluice {
class AddressGuard;
class MetricsPage;
struct LimitSettings;
}  // namespace sluice

namespace sluice::drains {

/// What all drains of one kind share in the process, such as connections to a cluster. Any thread.
class DrainShared {
 public:
  virtual ~DrainShared() = default;
  virtual void add_metrics(MetricsPage& page) const = 0;
};
struct SharedNeeds {
  const AddressGuard& guard;
  const DrainSettings& drains;
  const LimitSettings& limits;
};

/// Metrics that only one kind has, for one scrape of one shard.
class KindMetrics {
 public:
  virtual ~KindMetrics() = default;
  virtual void add_global(std::uint64_t drain, const Ledger& ledger) = 0;
  virtual void add_of_channels(const Ledger& ledger) = 0;
  virtual void write(MetricsPage& page) const = 0;
};

struct EncoderNeeds {
  const DrainSettings& settings;
  const ChannelNames* channels;  // outlives the encoder; nullptr: lines go without their channel's name
  const OwnLogs& own;
};

/// A kind of drain: everything that the delivery of lines has to know of it. Its row is in drains/facts/kinds.def.
struct DrainKind {
  const DrainFacts& facts;
  /// By the drain's format. Error: an unknown format or an unusable url, named; never a secret.
  result<std::unique_ptr<Encoder>, Error> (*encoder)(const Drain& drain, const EncoderNeeds& needs);
  /// Error: an unusable url or secret; never a secret.
  result<std::unique_ptr<Transport>, Error> (*transport)(const Drain& drain, const DrainEnvironment& environment);
  /// nullptr: drains of this kind share nothing.
  std::unique_ptr<DrainShared> (*shared)(const SharedNeeds& needs) = nullptr;
  /// nullptr: it has none.
  std::unique_ptr<KindMetrics> (*metrics)() = nullptr;
};

#define SLUICE_DRAIN_KIND(name) extern const DrainKind name##_kind;
#include "drains/facts/kinds.def"
#undef SLUICE_DRAIN_KIND

/// By the url's scheme; nullptr: no drain has it.
const DrainKind* find_drain_kind(const Drain& drain);

/// What kinds share, each for its drains. Made at the start of the process; outlives the drains.
class SharedOfKinds {
 public:
  /// For every kind that shares something.
  static SharedOfKinds make(const SharedNeeds& needs);
  void put(const DrainKind& kind, std::unique_ptr<DrainShared> shared) { shared_[&kind] = std::move(shared); }
  /// nullptr: it shares nothing.
  DrainShared* of(const DrainKind& kind) const;
  void add_metrics(MetricsPage& page) const;

 private:
  std::map<const DrainKind*, std::unique_ptr<DrainShared>> shared_;
};

}  // namespace sluice::drains
