#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/base/units.hpp"

namespace sluice::drains {

/// The contents of a Kafka drain's url:
///
///     kafka[+tls]://[user:password@]broker[:port][,broker[:port]]*/topic[?option=value[&...]][#insecure]
///
///     compression=zstd|lz4|snappy|gzip|none          acks=all       linger=20ms
///     key=channel|none|source|process|host|msgid|FIELD    FIELD: a key=value pair of the text
///     headers=all|none
///     security.protocol=plaintext|ssl|sasl_plaintext|sasl_ssl
///     sasl.mechanism=PLAIN|SCRAM-SHA-256|SCRAM-SHA-512    sasl.username=...    sasl.password=...
///
/// Also accepts spellings of Kafka's own clients: `linger.ms`, `compression.type`, `sasl.mechanisms`.
struct KafkaUrl {
  struct Broker {
    std::string host;  // without brackets
    std::uint16_t port = 0;
    /// host:port, with IPv6 addresses in brackets.
    std::string address() const;
  };
  enum class KeyKind : std::uint8_t { kChannel, kNone, kSource, kProcess, kHost, kMsgid, kField };

  std::vector<Broker> brokers;  // 1 to 32
  std::string topic;
  std::string compression = "zstd";
  std::optional<Duration> linger;
  KeyKind key = KeyKind::kChannel;
  std::string key_field;  // for kField
  bool headers = true;
  bool tls = false;
  bool insecure = false;  // `#insecure`: accept any certificate
  std::string mechanism;  // empty = no authentication
  std::string user;
  Secret password;

  bool sasl() const { return !mechanism.empty(); }
};

/// Pure; resolves no names. The error says what is wrong and never repeats a password or an option's value.
result<KafkaUrl, Error> parse_kafka_url(std::string_view text);

}  // namespace sluice::drains
