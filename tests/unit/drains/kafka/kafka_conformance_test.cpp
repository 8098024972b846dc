#include "tests/unit/drains/kafka/kafka_tls_front.hpp"
#include "tests/unit/drains/kafka/mock_kafka.hpp"
#include "tests/unit/drains/tcp_receiver.hpp"
#include "tests/unit/drains/transport_conformance.hpp"

namespace sluice::drains {
namespace {

/// librdkafka's broker. It cannot take without confirming: held back, it is down.
class KafkaReceiver {
 public:
  explicit KafkaReceiver(DrainWorld&) { kafka_.make_topic("lines", 1); }

  std::string url() const { return kafka_.url("/lines"); }
  static void make_trust(Drain&) {}
  static std::string url_to(std::uint16_t port) { return "kafka://127.0.0.1:" + std::to_string(port) + "/lines"; }

  void open(std::chrono::milliseconds pause = {}) {
    kafka_.set_rtt(1, static_cast<int>(pause.count() * 100));
    kafka_.set_up(1);
  }
  void hold() { kafka_.set_down(1); }
  void cut() { kafka_.set_down(1); }
  std::vector<std::string> texts(std::size_t wanted) {
    std::vector<std::string> texts;
    eventually([&] {
      texts.clear();
      for (const MockMessage& message : kafka_.read("lines")) texts.push_back(text_of_line(message.value));
      return texts.size() >= wanted;
    });
    return texts;
  }

 protected:
  std::uint16_t port() const { return kafka_.port(); }

 private:
  MockKafka kafka_;
};

/// The same broker, behind TLS.
class KafkaTlsReceiver : public KafkaReceiver {
 public:
  using KafkaReceiver::KafkaReceiver;

  std::string url() const { return url_to(front_.port()); }
  static void make_trust(Drain& drain) { TlsEnd::make_trust(drain); }
  static std::string url_to(std::uint16_t port) { return "kafka+tls://127.0.0.1:" + std::to_string(port) + "/lines"; }

 private:
  KafkaTlsFront front_{port()};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Kafka, TransportConformance, KafkaReceiver);
INSTANTIATE_TYPED_TEST_SUITE_P(KafkaTls, TransportConformance, KafkaTlsReceiver);

}  // namespace
}  // namespace sluice::drains
