#include "drains/kafka/kafka_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "logplex/base/metrics.hpp"

namespace sluice::drains {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Ledger delivered(std::uint64_t lines) {
  Ledger ledger;
  ledger.delivered = lines;
  return ledger;
}

std::string text_of(const KafkaMetrics& metrics) {
  MetricsPage page;
  metrics.write(page);
  return page.text();
}

TEST(KafkaMetrics, each_global_drain_has_its_own) {
  KafkaMetrics metrics;
  Ledger ledger = delivered(100);
  ledger.pending_lines = 12;
  ledger.in_flight_lines = 5;
  ledger.errors.count(ErrorClass::kTopic);
  ledger.errors.count(ErrorClass::kTopic);
  metrics.add_global(7, ledger);
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("sluice_kafka_drain_queue_lines{drain=\"7\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("sluice_kafka_drain_in_flight_lines{drain=\"7\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("sluice_kafka_drain_acknowledged_lines_total{drain=\"7\"} 100\n"));
  EXPECT_THAT(text, HasSubstr("sluice_kafka_drain_errors_total{drain=\"7\",class=\"topic\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("drain=\"channels\"")));
}

TEST(KafkaMetrics, those_of_channels_are_one) {
  KafkaMetrics metrics;
  for (int drain = 0; drain < 500; ++drain) metrics.add_of_channels(delivered(2));
  EXPECT_THAT(text_of(metrics), HasSubstr("acknowledged_lines_total{drain=\"channels\"} 1000\n"));
  EXPECT_THAT(text_of(metrics), Not(HasSubstr("drain=\"1\"")));
}

TEST(KafkaMetrics, beyond_a_number_global_drains_are_summed) {
  KafkaMetrics metrics;
  for (std::uint64_t id = 2 * KafkaMetrics::kNamed; id >= 1; --id) metrics.add_global(id, delivered(1));
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("acknowledged_lines_total{drain=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("acknowledged_lines_total{drain=\"" + std::to_string(KafkaMetrics::kNamed) + "\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("drain=\"" + std::to_string(KafkaMetrics::kNamed + 1) + "\"")));
  EXPECT_THAT(text,
              HasSubstr("acknowledged_lines_total{drain=\"other\"} " + std::to_string(KafkaMetrics::kNamed) + "\n"));
}

TEST(ErrorCounts, counts_by_class_and_failures_without_one_as_other) {
  ErrorCounts counts;
  counts.count(ErrorClass::kDns);
  counts.count(ErrorClass::kNone);
  ErrorCounts more;
  more.count(ErrorClass::kDns);
  counts.add(more);
  EXPECT_EQ(counts.of(ErrorClass::kDns), 2u);
  EXPECT_EQ(counts.of(ErrorClass::kOther), 1u);
  std::string seen;
  counts.for_each([&seen](ErrorClass it, std::uint64_t) { seen += std::string(to_string(it)) + ' '; });
  EXPECT_EQ(seen, "other dns ");
}

}  // namespace
}  // namespace sluice::drains
