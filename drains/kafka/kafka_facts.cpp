#include "drains/facts/drain_facts.hpp"
#include "drains/kafka/kafka_url.hpp"

namespace sluice::drains {
namespace {

constexpr DrainScheme kSchemes[] = {{"kafka", false, 9092}, {"kafka+tls", true, 9093, true}};
constexpr std::string_view kFormats[] = {"rfc5424", "json", "raw"};
constexpr std::string_view kPlainOptions[] = {"key"};  // names the field that is the message key

result<std::vector<DrainHost>, Error> hosts(std::string_view text) {
  const auto url = parse_kafka_url(text);
  if (!url) return drain_url_not_supported("url is not valid: " + url.error().text());
  std::vector<DrainHost> out;
  for (const KafkaUrl::Broker& broker : url->brokers) out.push_back({broker.host, broker.port});
  return out;
}

}  // namespace

const DrainFacts& kafka_facts() {
  static constexpr DrainFacts kFacts{
      .name = "kafka", .schemes = kSchemes, .formats = kFormats, .plain_options = kPlainOptions, .hosts = &hosts};
  return kFacts;
}

}  // namespace sluice::drains
