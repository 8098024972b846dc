#pragma once

#include <string>
#include <utility>
#include <vector>

#include "drains/kafka/kafka_url.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/base/settings.hpp"
#include "logplex/model/drain.hpp"

namespace sluice::drains {

/// How a drain wants its producer. Most share one with all drains of their cluster and credential; one whose topic
/// makes batches fail has its own, because a batch that fails for good ends the producer (see KafkaTransport).
struct KafkaVariant {
  bool alone = false;
  std::size_t batch_bytes = 0;  // 0 = librdkafka's default
  bool single = false;          // one message a batch, and one that fails harms no other

  friend bool operator==(const KafkaVariant&, const KafkaVariant&) = default;
};

/// The properties with which librdkafka makes a producer. Drains with equal options share one.
struct KafkaOptions {
  std::vector<std::pair<std::string, Secret>> properties;

  /// Equal for options that may share a producer. Holds secrets: never shown.
  Secret fingerprint() const;
};

/// `owner` names who is alone.
KafkaOptions kafka_options(const KafkaUrl& url, const Drain& drain, const DrainSettings& settings,
                           const KafkaVariant& variant, const std::string& owner);

}  // namespace sluice::drains
