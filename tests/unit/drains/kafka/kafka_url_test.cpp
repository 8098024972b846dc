#include "drains/kafka/kafka_url.hpp"

#include <gtest/gtest.h>

#include "drains/facts/shown_url.hpp"

namespace sluice::drains {
namespace {

using Key = KafkaUrl::KeyKind;

TEST(KafkaUrl, plain_url_has_the_defaults) {
  const KafkaUrl url = parse_kafka_url("kafka://Broker.example/router-lines").value();
  ASSERT_EQ(url.brokers.size(), 1u);
  EXPECT_EQ(url.brokers[0].address(), "broker.example:9092");
  EXPECT_EQ(url.topic, "router-lines");
  EXPECT_EQ(url.compression, "zstd");
  EXPECT_EQ(url.key, Key::kChannel);
  EXPECT_TRUE(url.headers);
  EXPECT_FALSE(url.tls || url.insecure || url.sasl() || url.linger);
}

TEST(KafkaUrl, several_brokers_with_and_without_port) {
  const KafkaUrl url = parse_kafka_url("kafka+tls://b1,b2:19092,[2001:DB8::1]:9,[::1]/t").value();
  std::vector<std::string> addresses;
  for (const auto& broker : url.brokers) addresses.push_back(broker.address());
  EXPECT_EQ(addresses, (std::vector<std::string>{"b1:9093", "b2:19092", "[2001:db8::1]:9", "[::1]:9093"}));
  EXPECT_EQ(url.brokers[2].host, "2001:db8::1");
  EXPECT_TRUE(url.tls);
}

TEST(KafkaUrl, options) {
  const KafkaUrl url =
      parse_kafka_url("KAFKA://b/t?compression=LZ4&acks=all&linger.ms=7&key=request_id&headers=none").value();
  EXPECT_EQ(url.compression, "lz4");
  EXPECT_EQ(url.linger, std::chrono::milliseconds(7));
  EXPECT_EQ(url.key, Key::kField);
  EXPECT_EQ(url.key_field, "request_id");
  EXPECT_FALSE(url.headers);
  EXPECT_EQ(parse_kafka_url("kafka://b/t?linger=1s&acks=-1")->linger, std::chrono::seconds(1));
  EXPECT_EQ(parse_kafka_url("kafka://b/t?key=none")->key, Key::kNone);
  EXPECT_EQ(parse_kafka_url("kafka://b/t?key=process")->key, Key::kProcess);
}

TEST(KafkaUrl, credentials) {
  const KafkaUrl user = parse_kafka_url("kafka://me:s%40cret@b/t").value();
  EXPECT_EQ(user.mechanism, "PLAIN");
  EXPECT_EQ(user.user, "me");
  EXPECT_EQ(user.password.reveal(), "s@cret");
  const KafkaUrl options = parse_kafka_url(
                               "kafka://b/t?security.protocol=SASL_SSL&sasl.mechanisms=scram-sha-512"
                               "&sasl.username=me&sasl.password=p%26q%3Br")
                               .value();
  EXPECT_EQ(options.mechanism, "SCRAM-SHA-512");
  EXPECT_EQ(options.password.reveal(), "p&q;r");
  EXPECT_TRUE(options.tls);
}

TEST(KafkaUrl, what_is_wrong_is_refused_and_never_repeated) {
  const char* const bad[] = {
      "http://b/t",
      "kafka:b/t",
      "kafka://",
      "kafka:///t",
      "kafka://b",
      "kafka://b/",
      "kafka://b,/t",
      "kafka://b:0/t",
      "kafka://b:70000/t",
      "kafka://b:x/t",
      "kafka://b:/t",
      "kafka://[b]/t",
      "kafka://[::1/t",
      "kafka://b c/t",
      "kafka://b%00/t",
      "kafka://b/a/b",
      "kafka://b/..",
      "kafka://b/t%0a",
      "kafka://b/t%4",
      "kafka://b/t#secure",
      "kafka://b/t#insecure",
      "kafka://b/t?compression=s3cret",
      "kafka://b/t?acks=1",
      "kafka://b/t?linger=s3cret",
      "kafka://b/t?linger=1h",
      "kafka://b/t?linger=-1",
      "kafka://b/t?key=",
      "kafka://b/t?key=a%20b",
      "kafka://b/t?headers=some",
      "kafka://b/t?ssl.ca.location=/etc/s3cret",
      "kafka://b/t?sasl.mechanism=GSSAPI",
      "kafka://b/t?sasl.mechanism=PLAIN",
      "kafka://b/t?sasl.password=s3cret;x",
      "kafka://b/t?sasl.pass%77ord=s3cret",
      "kafka://me:s3cret@b/t?security.protocol=plaintext",
      "kafka://b/t?security.protocol=sasl_ssl",
      "kafka://b/t?security.protocol=s3cret",
      "kafka+tls://b/t?security.protocol=plaintext",
  };
  for (const char* text : bad) {
    const auto url = parse_kafka_url(text);
    ASSERT_TRUE(url.has_error()) << text;
    EXPECT_EQ(url.error().text().find("s3cret"), std::string::npos) << text;
  }
  EXPECT_TRUE(parse_kafka_url("kafka://" + std::string(300, 'b') + "/t").has_error());
  EXPECT_TRUE(parse_kafka_url("kafka://b/" + std::string(250, 't')).has_error());
  std::string many = "kafka://b";
  for (int i = 0; i < 32; ++i) many += ",b";
  EXPECT_TRUE(parse_kafka_url(many + "/t").has_error());
}

TEST(KafkaUrl, shown_urls_hide_every_password_that_is_understood) {
  for (const std::string text : {"kafka://u:s3cret@b/t", "kafka://u:s3c:r3t@b/t?key=none",
                                 "kafka://b/t?sasl.username=u&sasl.password=s3cret&acks=all"}) {
    ASSERT_TRUE(parse_kafka_url(text).has_value()) << text;
    EXPECT_EQ(redacted_url(text).find("s3c"), std::string::npos) << redacted_url(text);
  }
}

}  // namespace
}  // namespace sluice::drains
