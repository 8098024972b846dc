#include "drains/kafka/kafka_encoder.hpp"

#include <gtest/gtest.h>

#include "drains/kafka/kafka_entry.hpp"
#include "drains/kafka/kafka_options.hpp"
#include "tests/unit/drains/drain_fixture.hpp"

namespace sluice::drains {
namespace {

std::vector<KafkaEntry> entries_of(const std::string& body) {
  std::vector<KafkaEntry> entries;
  KafkaEntryReader reader(body);
  for (KafkaEntry entry; reader.next(entry);) entries.push_back(entry);
  EXPECT_FALSE(reader.malformed());
  EXPECT_EQ(reader.offset(), body.size());
  return entries;
}

std::string encoded(const std::string& url, const std::string& format, std::string_view text) {
  Drain drain = drain_to(url);
  drain.format = format;
  const auto encoder = make_encoder(drain, default_settings()).value();
  const OwnedRecord line(line_of(text));
  std::string body;
  encoder->append_from(ChannelSlot{0}, 42, line.view(), body);
  return body;
}

TEST(KafkaEncoder, default_is_the_syslog_line_without_its_newline) {
  const std::string body = encoded("kafka://b/t", "", "hello\n");
  const auto entries = entries_of(body);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].value, "<190>1 2026-01-02T03:04:05Z web7 app web.1 - - hello");
  EXPECT_EQ(entries[0].seq, 42u);
  EXPECT_EQ(entries[0].received_ms, 1767323045678);
  EXPECT_TRUE(entries[0].keyed);
  EXPECT_EQ(entries[0].key, "app");
  EXPECT_EQ(entries[0].channel, "app");
  EXPECT_EQ(entries[0].source, "app");
  EXPECT_EQ(entries[0].process, "web.1");
}

TEST(KafkaEncoder, raw_is_the_text_and_json_has_its_fields) {
  EXPECT_EQ(entries_of(encoded("kafka://b/t", "raw", "hello\n"))[0].value, "hello");
  EXPECT_EQ(entries_of(encoded("kafka://b/t", "raw", ""))[0].value, "");
  const std::string body = encoded("kafka://b/t", "json", "at=info path=\"/a \\\"b\\\"\\\\c\" at=error word code=\n");
  EXPECT_EQ(entries_of(body)[0].value,
            R"({"time":"2026-01-02T03:04:05Z","received":"2026-01-02T03:04:05.678901+00:00","priority":190,)"
            R"("facility":23,"level":"info","host":"web7","source":"app","process":"web.1",)"
            R"("text":"at=info path=\"/a \\\"b\\\"\\\\c\" at=error word code=","channel":"app",)"
            R"("fields":{"at":"info","path":"/a \"b\"\\c","code":""}})");
}

TEST(KafkaEncoder, keys) {
  const auto key = [](const std::string& option) {
    const std::string body = encoded("kafka://b/t?key=" + option, "", "at=info request_id=77 x\n");
    const auto entries = entries_of(body);
    return entries[0].keyed ? std::string(entries[0].key) : "(none)";
  };
  EXPECT_EQ(key("channel"), "app");
  EXPECT_EQ(key("source"), "app");
  EXPECT_EQ(key("process"), "web.1");
  EXPECT_EQ(key("host"), "web7");
  EXPECT_EQ(key("request_id"), "77");
  EXPECT_EQ(key("absent"), "(none)");
  EXPECT_EQ(key("none"), "(none)");
}

TEST(KafkaEncoder, unknown_formats_are_refused) {
  Drain drain = drain_to("kafka://b/t");
  drain.format = "ndjson";
  EXPECT_EQ(make_encoder(drain, default_settings()).error().text(),
            "no such format for a Kafka drain: 'ndjson'; use rfc5424, json or raw");
}

TEST(KafkaEntry, what_is_no_entry_is_malformed_wherever_it_is_cut) {
  std::string body;
  KafkaEntry entry;
  entry.key = "key";
  entry.channel = "channel";
  std::memcpy(append_kafka_entry(body, entry, 5), "value", 5);
  for (std::size_t size = 1; size < body.size(); ++size) {
    KafkaEntryReader reader(std::string_view(body).substr(0, size));
    KafkaEntry read;
    EXPECT_FALSE(reader.next(read)) << size;
    EXPECT_TRUE(reader.malformed()) << size;
  }
  KafkaEntryReader text("84 <190>1 2026-01-02T03:04:05Z host app web.1 - hello, this is a frame for others\n");
  KafkaEntry read;
  EXPECT_FALSE(text.next(read));
  EXPECT_TRUE(text.malformed());
}

std::string property(const KafkaOptions& options, const std::string& name) {
  std::string found = "(none)";
  for (const auto& [known, value] : options.properties)
    if (known == name) found = value.reveal();
  return found;
}

KafkaOptions options_of(const std::string& url, const KafkaVariant& variant = {}, const std::string& ca = "") {
  Drain drain = drain_to(url);
  drain.ca = ca;
  return kafka_options(parse_kafka_url(url).value(), drain, default_settings(), variant, "7-0");
}

TEST(KafkaOptions, every_line_once_and_in_order_is_asked_for) {
  const KafkaOptions options = options_of("kafka://a,b:1/t?compression=lz4&linger=7ms");
  EXPECT_EQ(property(options, "bootstrap.servers"), "a:9092,b:1");
  EXPECT_EQ(property(options, "acks"), "all");
  EXPECT_EQ(property(options, "enable.idempotence"), "true");
  EXPECT_EQ(property(options, "message.timeout.ms"), "0");
  EXPECT_EQ(property(options, "compression.type"), "lz4");
  EXPECT_EQ(property(options, "linger.ms"), "7");
  EXPECT_EQ(property(options, "security.protocol"), "plaintext");
  EXPECT_EQ(property(options_of("kafka://u:p@a/t"), "security.protocol"), "sasl_plaintext");
  EXPECT_EQ(property(options_of("kafka+tls://u:p@a/t"), "security.protocol"), "sasl_ssl");
  EXPECT_EQ(property(options_of("kafka://a/t", {}, "PEM"), "security.protocol"), "ssl");
  EXPECT_EQ(property(options_of("kafka+tls://a/t"), "enable.ssl.certificate.verification"), "true");
  EXPECT_EQ(property(options_of("kafka+tls://a/t#insecure"), "enable.ssl.certificate.verification"), "false");
}

TEST(KafkaOptions, producers_are_shared_by_what_they_are_made_with) {
  const auto print = [](const KafkaOptions& options) { return options.fingerprint().reveal(); };
  EXPECT_EQ(print(options_of("kafka://a/t")), print(options_of("kafka://a/u?key=none&headers=none")));
  EXPECT_NE(print(options_of("kafka://a/t")), print(options_of("kafka://b/t")));
  EXPECT_NE(print(options_of("kafka://u:p@a/t")), print(options_of("kafka://u:q@a/t")));
  EXPECT_NE(print(options_of("kafka://a/t")), print(options_of("kafka://a/t", {true, 0, false})));
}

}  // namespace
}  // namespace sluice::drains
