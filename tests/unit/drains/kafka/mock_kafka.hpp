#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

namespace sluice::drains {

/// A message as a consumer reads it.
struct MockMessage {
  std::string key;
  bool keyed = false;
  std::string value;
  std::map<std::string, std::string> headers;
  std::int64_t timestamp_ms = 0;
  int partition = 0;
};

/// librdkafka's own broker for tests, on loopback ports, in this process.
class MockKafka {
 public:
  explicit MockKafka(int brokers = 1) {
    char why[256] = {};
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", nullptr, 0);
    owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    cluster_ = rd_kafka_mock_cluster_new(owner_, brokers);
  }
  ~MockKafka() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(owner_);
  }

  std::string url(const std::string& rest) const {
    return "kafka://" + std::string(rd_kafka_mock_cluster_bootstraps(cluster_)) + rest;
  }
  /// Of the first broker.
  std::uint16_t port() const {
    const std::string address = rd_kafka_mock_cluster_bootstraps(cluster_);
    return static_cast<std::uint16_t>(std::stoul(address.substr(address.find(':') + 1)));
  }
  void make_topic(const std::string& name, int partitions, int replicas = 1) {
    rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, replicas);
  }
  void move_leader(const std::string& topic, int partition, int broker) {
    rd_kafka_mock_partition_set_leader(cluster_, topic.c_str(), partition, broker);
  }
  void set_error(const std::string& topic, rd_kafka_resp_err_t error) {
    rd_kafka_mock_topic_set_error(cluster_, topic.c_str(), error);
  }
  void set_down(int broker) { rd_kafka_mock_broker_set_down(cluster_, broker); }
  void set_up(int broker) { rd_kafka_mock_broker_set_up(cluster_, broker); }
  void set_rtt(int broker, int ms) { rd_kafka_mock_broker_set_rtt(cluster_, broker, ms); }
  /// The next Produce requests are answered so.
  void fail_produce(const std::vector<rd_kafka_resp_err_t>& errors) {
    constexpr std::int16_t kProduce = 0;
    rd_kafka_mock_push_request_errors_array(cluster_, kProduce, errors.size(), errors.data());
  }

  /// Everything in the topic, in order within each partition.
  std::vector<MockMessage> read(const std::string& topic) const {
    std::vector<MockMessage> messages;
    const Consumer consumer = make_consumer();
    subscribe(consumer.get(), topic);
    std::set<int> ended;
    const std::size_t partitions = partition_count(consumer.get(), topic);
    while (ended.size() < partitions) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer.get(), 60'000);
      if (message == nullptr) break;
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ended.insert(message->partition);
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) messages.push_back(copy_of(*message));
      rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(consumer.get());
    return messages;
  }

 private:
  struct Release {
    void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  };
  using Consumer = std::unique_ptr<rd_kafka_t, Release>;

  Consumer make_consumer() const {
    char why[256] = {};
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_), nullptr, 0);
    rd_kafka_conf_set(conf, "group.id", "reader", nullptr, 0);
    rd_kafka_conf_set(conf, "enable.partition.eof", "true", nullptr, 0);
    rd_kafka_conf_set(conf, "log_level", "0", nullptr, 0);
    Consumer consumer(rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why));
    rd_kafka_poll_set_consumer(consumer.get());
    return consumer;
  }

  static std::size_t partition_count(rd_kafka_t* consumer, const std::string& topic) {
    const rd_kafka_metadata_t* metadata = nullptr;
    rd_kafka_topic_t* handle = rd_kafka_topic_new(consumer, topic.c_str(), nullptr);
    rd_kafka_metadata(consumer, 0, handle, &metadata, 60'000);
    const auto count = static_cast<std::size_t>(metadata->topics[0].partition_cnt);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    return count;
  }

  static void subscribe(rd_kafka_t* consumer, const std::string& topic) {
    const auto partitions = static_cast<int>(partition_count(consumer, topic));
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; ++i)
      rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
  }

  static MockMessage copy_of(const rd_kafka_message_t& message) {
    MockMessage copy;
    copy.keyed = message.key != nullptr;
    if (copy.keyed) copy.key.assign(static_cast<const char*>(message.key), message.key_len);
    copy.value.assign(static_cast<const char*>(message.payload), message.len);
    copy.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
    copy.partition = message.partition;
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return copy;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i)
      copy.headers[name] = std::string(static_cast<const char*>(value), size);
    return copy;
  }

  rd_kafka_t* owner_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

}  // namespace sluice::drains
