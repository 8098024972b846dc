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

/// What all drains of one kind in the process share, such as connections to a cluster. Any thread may use it.
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
  const ChannelNames* channels;  // must outlive the encoder; nullptr: lines carry no channel name
  const OwnLogs& own;
};

/// A kind of drain: everything that delivery needs to know about it. The kinds are listed in drains/facts/kinds.def.
struct DrainKind {
  const DrainFacts& facts;
  /// Makes the encoder for the drain's format. The error names an unknown format or says what is wrong with the url; it
  /// contains no secret.
  result<std::unique_ptr<Encoder>, Error> (*encoder)(const Drain& drain, const EncoderNeeds& needs);
  /// The error says what is wrong with the url or the signing secret; it contains no secret.
  result<std::unique_ptr<Transport>, Error> (*transport)(const Drain& drain, const DrainEnvironment& environment);
  /// nullptr if drains of this kind share nothing.
  std::unique_ptr<DrainShared> (*shared)(const SharedNeeds& needs) = nullptr;
  /// nullptr if the kind has no metrics of its own.
  std::unique_ptr<KindMetrics> (*metrics)() = nullptr;
};

#define SLUICE_DRAIN_KIND(name) const DrainKind& name##_kind();
#include "drains/facts/kinds.def"
#undef SLUICE_DRAIN_KIND

/// Looks the url's scheme up; nullptr if no kind has it.
const DrainKind* find_drain_kind(const Drain& drain);

/// The shared object of each kind that has one. Made when the process starts; must outlive the drains.
class SharedOfKinds {
 public:
  /// Makes the shared object of every kind that has one.
  static SharedOfKinds make(const SharedNeeds& needs);
  void put(const DrainKind& kind, std::unique_ptr<DrainShared> shared) { shared_[&kind] = std::move(shared); }
  /// nullptr if the kind shares nothing.
  DrainShared* of(const DrainKind& kind) const;
  void add_metrics(MetricsPage& page) const;

 private:
  std::map<const DrainKind*, std::unique_ptr<DrainShared>> shared_;
};

}  // namespace sluice::drains
