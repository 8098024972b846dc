#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "drains/kinds/error_class.hpp"

namespace sluice::drains {

/// What an error of librdkafka (rd_kafka_resp_err_t, as int) means for a drain.
enum class KafkaFault : std::uint8_t {
  kConnect,        // no broker can be reached; librdkafka retries by itself
  kAddress,        // drains.allow_cidrs does not allow a broker's address
  kDns,            // a broker's name does not resolve
  kTls,            // handshake or certificate
  kAuth,           // the broker refused user, password or mechanism
  kAuthorization,  // the user may not write to the topic or cluster
  kTopic,          // the topic or partition does not exist
  kTooLarge,       // the broker accepts no batch or message of this size
  kRecord,         // the topic refuses the record: its missing key, its time, or a policy
  kFatal,          // the producer cannot go on
  kOther,
};
constexpr std::size_t kKafkaFaults = 11;

KafkaFault kafka_fault(int error);
/// The class in drain tests and metrics.
ErrorClass error_class_of(KafkaFault fault);
inline std::string_view to_string(KafkaFault fault) { return to_string(error_class_of(fault)); }

/// librdkafka's text for the error.
std::string kafka_error_text(int error);
/// Makes a text of librdkafka or a broker fit for a status: one line, no control characters, at most 300 bytes.
std::string kafka_sentence(std::string_view text);

}  // namespace sluice::drains
