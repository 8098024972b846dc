#include "drains/kafka/kafka_options.hpp"

#include <algorithm>

namespace sluice::drains {
namespace {

/// The largest response that a broker may send: metadata of 256 brokers and some 10,000 partitions.
constexpr std::uint64_t kLargestAnswer = 2 << 20;
/// The same limits as set_limits() in logplex/net: only elliptic groups, and only signatures of the key types that we
/// accept.
constexpr const char* kCurves = "X25519:P-256:P-384:P-521";
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384";

class Properties {
 public:
  explicit Properties(KafkaOptions& options) : options_(options) {}

  void set(std::string name, std::string value) {
    options_.properties.emplace_back(std::move(name), Secret(std::move(value)));
  }
  void set(std::string name, const char* value) { set(std::move(name), std::string(value)); }
  void set(std::string name, std::uint64_t value) { set(std::move(name), std::to_string(value)); }

 private:
  KafkaOptions& options_;
};

std::string join_brokers(const KafkaUrl& url) {
  std::string list;
  for (const auto& broker : url.brokers) (list += list.empty() ? "" : ",") += broker.address();
  return list;
}

/// Delivers each line once and in order: librdkafka retries for ever and never drops a line by itself. An error that
/// would leave a gap ends the producer, and we hand over again the lines that it had not delivered.
void set_guarantees(Properties& out, const KafkaVariant& variant) {
  out.set("enable.idempotence", "true");
  out.set("enable.gapless.guarantee", variant.single ? "false" : "true");
  out.set("acks", "all");
  out.set("message.timeout.ms", "0");
  out.set("partitioner", "murmur2_random");  // the same partition for a key as Kafka's own clients
}

void set_batches(Properties& out, const KafkaUrl& url, const DrainSettings& settings, const KafkaVariant& variant) {
  const Duration linger = url.linger.value_or(settings.kafka_linger);
  out.set("linger.ms",
          static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(linger).count()));
  out.set("compression.type", url.compression);
  out.set("queue.buffering.max.kbytes", std::max<std::uint64_t>(1, settings.kafka_queue_bytes.count / 1024));
  out.set("queue.buffering.max.messages", std::max<std::uint64_t>(1000, settings.kafka_queue_bytes.count / 128));
  if (variant.single) out.set("batch.num.messages", "1");
  if (variant.batch_bytes != 0) out.set("batch.size", variant.batch_bytes);
}

void set_connection(Properties& out, const KafkaUrl& url) {
  out.set("bootstrap.servers", join_brokers(url));
  out.set("client.id", "sluice");
  out.set("socket.keepalive.enable", "true");
  out.set("socket.nagle.disable", "true");
  out.set("reconnect.backoff.max.ms", "5000");
  out.set("topic.metadata.propagation.max.ms", "5000");
  out.set("statistics.interval.ms", "1000");
  out.set("enable.metrics.push", "false");  // send brokers no metrics of ours
  out.set("receive.message.max.bytes", kLargestAnswer);
}

void set_tls(Properties& out, const KafkaUrl& url, const Drain& drain, const DrainSettings& settings) {
  if (!drain.ca.empty())
    out.set("ssl.ca.pem", drain.ca);
  else if (!settings.ca_file.empty())
    out.set("ssl.ca.location", settings.ca_file);
  if (!drain.client_cert.empty()) {
    out.set("ssl.certificate.pem", drain.client_cert);
    out.set("ssl.key.pem", drain.client_key.reveal());
  }
  out.set("ssl.cipher.suites", kCiphers);
  out.set("ssl.curves.list", kCurves);
  out.set("enable.ssl.certificate.verification", url.insecure ? "false" : "true");
  out.set("ssl.endpoint.identification.algorithm", url.insecure ? "none" : "https");
}

void set_sasl(Properties& out, const KafkaUrl& url) {
  out.set("sasl.mechanism", url.mechanism);
  out.set("sasl.username", url.user);
  out.set("sasl.password", url.password.reveal());
}

}  // namespace

Secret KafkaOptions::fingerprint() const {
  std::string all;
  for (const auto& [name, value] : properties) {
    all += name + '=' + std::to_string(value.reveal().size()) + ':' + value.reveal() + '\n';
  }
  return Secret(std::move(all));
}

KafkaOptions kafka_options(const KafkaUrl& url, const Drain& drain, const DrainSettings& settings,
                           const KafkaVariant& variant, const std::string& owner) {
  KafkaOptions options;
  Properties out(options);
  // Certificates imply TLS.
  const bool tls = url.tls || !drain.ca.empty() || !drain.client_cert.empty();
  set_connection(out, url);
  out.set("security.protocol", std::string(url.sasl() ? "sasl_" : "") + (tls ? "ssl" : "plaintext"));
  set_guarantees(out, variant);
  set_batches(out, url, settings, variant);
  if (tls) set_tls(out, url, drain, settings);
  if (url.sasl()) set_sasl(out, url);
  // Its own client.id keeps the producer from being shared.
  if (variant.alone) out.set("client.id", "sluice-" + owner);
  return options;
}

}  // namespace sluice::drains
