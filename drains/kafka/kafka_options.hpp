#pragma once

#include <string>
#include <utility>
#include <vector>

#include "drains/kafka/kafka_url.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/base/settings.hpp"
#include "logplex/model/drain.hpp"

namespace sluice::drains {

/// The kind of producer that a drain needs. Most drains share one with all drains of their cluster and credential. A
/// drain whose topic makes batches fail gets its own, because a batch that fails for good ends the producer (see
/// KafkaTransport).
struct KafkaVariant {
  bool alone = false;
  std::size_t batch_bytes = 0;  // 0 = librdkafka's default
  bool single = false;          // one message per batch; a failed one does not affect others

  friend bool operator==(const KafkaVariant&, const KafkaVariant&) = default;
};

/// The configuration properties of a librdkafka producer. Drains with equal options share one.
struct KafkaOptions {
  std::vector<std::pair<std::string, Secret>> properties;

  /// Equal for options that may share a producer. Contains secrets: never show it.
  Secret fingerprint() const;
};

/// `owner` becomes part of the client.id if the variant is `alone`.
KafkaOptions kafka_options(const KafkaUrl& url, const Drain& drain, const DrainSettings& settings,
                           const KafkaVariant& variant, const std::string& owner);

}  // namespace sluice::drains
