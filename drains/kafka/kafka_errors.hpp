#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::drains {

/// Errors of librdkafka (rd_kafka_resp_err_t, as int) by what they mean for a drain.
enum class KafkaFault : std::uint8_t {
  kConnect,        // no broker can be reached; it tries again by itself
  kAddress,        // a broker's address that drains.allow_cidrs does not allow
  kDns,            // a broker's name does not resolve
  kTls,            // handshake or certificate
  kAuth,           // user, password or mechanism refused
  kAuthorization,  // the user may not write to the topic or cluster
  kTopic,          // there is no such topic or partition
  kTooLarge,       // the broker takes no batch or message of this size
  kRecord,         // the topic takes no such record: without a key, with this time, against a policy
  kFatal,          // the producer cannot go on
  kOther,
};
constexpr std::size_t kKafkaFaults = 11;

KafkaFault kafka_fault(int error);
/// The class in drain tests and metrics: "connect", "refused_address", "dns", "tls", "auth", "authorization", ...
std::string_view to_string(KafkaFault fault);

/// What the error says, for people.
std::string kafka_error_text(int error);
/// What librdkafka or a broker said, fit for a status: one line, no control characters, at most 300 bytes.
std::string kafka_sentence(std::string_view text);

}  // namespace sluice::drains
