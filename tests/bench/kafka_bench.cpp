// What a line costs us on its way to Kafka, beside librdkafka: the CPU time of the whole process, all threads, for the
// same messages handed over by bare calls and through encoder, frame, deliveries and reports. librdkafka's own mock
// broker takes them in the same process, so the difference of the two is ours.
#include <condition_variable>
#include <mutex>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <librdkafka/rdkafka.h>

#include "drains/kafka/kafka_encoder.hpp"
#include "drains/kafka/kafka_producer.hpp"
#include "logplex/wire/notice.hpp"

namespace sluice {
namespace {

constexpr int kLines = 450;  // a frame of about 128 KiB
constexpr const char* kText =
    "at=info method=GET path=\"/articles/2026/11/how-it-works?page=2\" host=shop.example.com "
    "request_id=6f1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8 fwd=\"203.0.113.7\" dyno=web.1 connect=0ms service=13ms "
    "status=200 "
    "bytes=5120 protocol=http1.1 tls=false\n";

OwnedRecord router_line() {
  LineView line;
  line.pri = 158;
  line.received = WallTime(std::chrono::seconds(1767323045));
  line.time = "2026-01-02T03:04:05.123456+00:00";
  line.host = "host";
  line.source = "heroku";
  line.process = "router";
  line.text = kText;
  return OwnedRecord(line);
}

std::unique_ptr<drains::Encoder> encoder() {
  Drain drain;
  drain.url = Secret("kafka://b/t");
  drain.channel = "shop";
  DrainSettings settings;
  settings.kafka_batch_bytes = 128_KiB;
  return drains::make_kafka_encoder(drain, settings, nullptr).value();
}

drains::Frame frame_of(const drains::Encoder& encoder, const OwnedRecord& line) {
  drains::Frame frame;
  for (int i = 0; i < kLines; ++i)
    encoder.append_from(ChannelSlot{0}, 1000 + static_cast<Seq>(i), line.view(), frame.body);
  frame.lines = kLines;
  return frame;
}

drains::KafkaOptions mock_options() {
  drains::KafkaOptions options;
  for (const auto& [name, value] : {std::pair("test.mock.num.brokers", "1"), std::pair("enable.idempotence", "true"),
                                    std::pair("compression.type", "zstd"), std::pair("linger.ms", "20")})
    options.properties.emplace_back(name, Secret(value));
  return options;
}

struct Waiter final : drains::KafkaWakeUp::Owner {
  void on_wake_up() override {}
};

struct Through {
  Through()
      : guard(AddressGuard::parse({"127.0.0.0/8"}).value()),
        wake_up(std::make_shared<drains::KafkaWakeUp>(io, waiter)) {
    producer = drains::KafkaProducer::make(mock_options(), guard, counters).value();
    topic = producer->topic("lines").value();
  }
  /// One frame, handed over and confirmed.
  void send(const drains::Frame& frame, bool headers) {
    auto deliveries = drains::KafkaDeliveries::make(frame, wake_up);
    drains::KafkaEntryReader entries(frame.body);
    deliveries->hold(kLines);
    std::size_t next = 0;
    for (drains::KafkaEntry entry; entries.next(entry);)
      producer->produce(topic, entry, {frame.id_text(), "rfc5424", headers}, deliveries->lines()[next++]);
    producer->handed_over(kLines);
    while (!deliveries->nothing_under_way()) io.run_one();
    io.poll();
  }

  boost::asio::io_context io;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  AddressGuard guard;
  drains::KafkaCounters counters;
  Waiter waiter;
  std::shared_ptr<drains::KafkaWakeUp> wake_up;
  std::unique_ptr<drains::KafkaProducer> producer;
  drains::KafkaProducer::Topic topic;
};

/// librdkafka with nothing of ours but the calls.
struct Bare {
  Bare() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    for (const auto& [name, value] : mock_options().properties)
      rd_kafka_conf_set(conf, name.c_str(), value.reveal().c_str(), nullptr, 0);
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_dr_msg_cb(
        conf, [](rd_kafka_t*, const rd_kafka_message_t*, void* self) { --static_cast<Bare*>(self)->open; });
    handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    topic = rd_kafka_topic_new(handle, "lines", nullptr);
  }
  ~Bare() {
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(handle);
  }
  rd_kafka_headers_t* headers_of(const drains::KafkaEntry& entry, const drains::Frame& frame) const {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(6);
    const auto add = [headers](const char* name, std::string_view value) {
      rd_kafka_header_add(headers, name, -1, value.data(), static_cast<ssize_t>(value.size()));
    };
    add("channel", entry.channel);
    add("source", entry.source);
    add("process", entry.process);
    add("seq", "1099511627776");
    add("frame-id", frame.id_text());
    add("format", "rfc5424");
    return headers;
  }
  void send(const std::vector<drains::KafkaEntry>& entries, const drains::Frame& frame, bool headers) {
    open = kLines;
    for (const drains::KafkaEntry& entry : entries) {
      void* value = const_cast<char*>(entry.value.data());
      // librdkafka's macros hold old-style casts.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
      if (headers)
        rd_kafka_producev(handle, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_VALUE(value, entry.value.size()),
                          RD_KAFKA_V_KEY(entry.key.data(), entry.key.size()),
                          RD_KAFKA_V_HEADERS(headers_of(entry, frame)), RD_KAFKA_V_END);
      else
        rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value, entry.value.size(), entry.key.data(),
                         entry.key.size(), nullptr);
#pragma GCC diagnostic pop
    }
    while (open > 0) rd_kafka_poll(handle, 100);
  }

  rd_kafka_t* handle = nullptr;
  rd_kafka_topic_t* topic = nullptr;
  int open = 0;
};

void finish(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * kLines); }

void encode(benchmark::State& state) {
  const auto encode = encoder();
  const OwnedRecord line = router_line();
  std::string body;
  for (auto _ : state) {
    body.clear();
    for (int i = 0; i < kLines; ++i) encode->append_from(ChannelSlot{0}, 1000, line.view(), body);
    benchmark::DoNotOptimize(body.data());
  }
  finish(state);
}
BENCHMARK(encode);

void library_alone(benchmark::State& state) {
  const drains::Frame frame = frame_of(*encoder(), router_line());
  std::vector<drains::KafkaEntry> entries;
  drains::KafkaEntryReader reader(frame.body);
  for (drains::KafkaEntry entry; reader.next(entry);) entries.push_back(entry);
  Bare bare;
  for (auto _ : state) bare.send(entries, frame, state.range(0) != 0);
  finish(state);
}
BENCHMARK(library_alone)->ArgName("headers")->Arg(0)->Arg(1)->MeasureProcessCPUTime();

void through_drain(benchmark::State& state) {
  const auto encode = encoder();
  const OwnedRecord line = router_line();
  Through through;
  for (auto _ : state) through.send(frame_of(*encode, line), state.range(0) != 0);
  finish(state);
}
BENCHMARK(through_drain)->ArgName("headers")->Arg(0)->Arg(1)->MeasureProcessCPUTime();

}  // namespace
}  // namespace sluice
