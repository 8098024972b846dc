#include "drains/kafka/kafka_errors.hpp"

#include <librdkafka/rdkafka.h>

namespace sluice::drains {

KafkaFault kafka_fault(int error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      return KafkaFault::kConnect;
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return KafkaFault::kDns;
    case RD_KAFKA_RESP_ERR__SSL:
      return KafkaFault::kTls;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
      return KafkaFault::kAuth;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return KafkaFault::kAuthorization;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return KafkaFault::kTopic;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
      return KafkaFault::kTooLarge;
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
      return KafkaFault::kRecord;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__STATE:
      return KafkaFault::kFatal;
    default:
      return KafkaFault::kOther;
  }
}

ErrorClass error_class_of(KafkaFault fault) {
  constexpr std::array<ErrorClass, kKafkaFaults> kClasses = {
      ErrorClass::kConnect, ErrorClass::kRefusedAddress, ErrorClass::kDns,   ErrorClass::kTls,
      ErrorClass::kAuth,    ErrorClass::kAuthorization,  ErrorClass::kTopic, ErrorClass::kTooLarge,
      ErrorClass::kRecord,  ErrorClass::kFatal,          ErrorClass::kOther};
  return kClasses[static_cast<std::size_t>(fault)];
}

std::string kafka_error_text(int error) { return rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(error)); }

std::string kafka_sentence(std::string_view text) {
  constexpr std::size_t kLongest = 300;
  std::string out(text.substr(0, kLongest));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

}  // namespace sluice::drains
