// Any bytes are parsed or refused; a password that was understood is in no shown url and in no error.
#include <cstdint>
#include <string_view>

#include "drains/facts/shown_url.hpp"
#include "drains/kafka/kafka_url.hpp"
#include "logplex/base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto url = sluice::drains::parse_kafka_url(text);
  if (!url) return 0;
  SLUICE_CHECK(!url->brokers.empty() && !url->topic.empty());
  SLUICE_CHECK(url->sasl() == !url->user.empty());
  // Whatever else the url is made of, the shown one parses to the same receiver with another password.
  const auto shown = sluice::drains::parse_kafka_url(sluice::drains::redacted_url(text));
  SLUICE_CHECK(shown.has_value() && shown->topic == url->topic && shown->brokers.size() == url->brokers.size());
  if (url->sasl()) SLUICE_CHECK(shown->password.reveal() == "***");
  return 0;
}
