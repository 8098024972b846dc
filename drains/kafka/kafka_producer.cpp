#include "drains/kafka/kafka_producer.hpp"

#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <boost/asio/ip/tcp.hpp>
#include <boost/json/parse.hpp>
#include <librdkafka/rdkafka.h>

#include "logplex/base/log.hpp"

namespace sluice::drains {
namespace {

/// How long the thread waits for an event before it checks its flags.
constexpr int kPollMs = 100;
/// How long a dead producer waits for the reports of messages that were on their way, before it purges them.
constexpr std::chrono::seconds kDeathGrace{30};
/// How long the destructor waits for the last reports.
constexpr int kEndGraceMs = 5000;
/// The same when the process ends, for each producer in turn: enough if no thread hangs.
constexpr int kProcessEndGraceMs = 50;
/// statistics.interval.ms as kafka_options() sets it; and librdkafka tries to connect again within twice its back-off.
constexpr std::chrono::seconds kStatisticsInterval{1};
constexpr std::chrono::seconds kLongestBackoff{10};
constexpr std::size_t kReportBatch = 256;

struct QueueRelease {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};

Error unusable(const std::string& what) {
  return {make_error_code(boost::system::errc::invalid_argument), kafka_sentence(what)};
}

std::string_view view(const char* text) { return text == nullptr ? std::string_view() : std::string_view(text); }

boost::asio::ip::address address_of(const sockaddr* address) {
  namespace ip = boost::asio::ip;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return ip::address_v6(bytes, v6.sin6_scope_id);
}

std::uint16_t port_of(const sockaddr* address) {
  const bool v4 = address->sa_family == AF_INET;
  in_port_t port = 0;
  const char* bytes = reinterpret_cast<const char*>(address);
  std::memcpy(&port, bytes + (v4 ? offsetof(sockaddr_in, sin_port) : offsetof(sockaddr_in6, sin6_port)), sizeof port);
  return ntohs(port);
}

void add_header(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

rd_kafka_headers_t* headers_of(const KafkaEntry& entry, const KafkaProducer::Labels& labels) {
  constexpr std::size_t kHeaders = 6;
  rd_kafka_headers_t* headers = rd_kafka_headers_new(kHeaders);
  if (!entry.channel.empty()) add_header(headers, "channel", entry.channel);
  add_header(headers, "source", entry.source);
  add_header(headers, "process", entry.process);
  if (entry.seq != 0) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), entry.seq).ptr;
    add_header(headers, "seq", {digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  add_header(headers, "frame-id", labels.frame_id);
  add_header(headers, "format", labels.format);
  return headers;
}

/// The arguments of one rd_kafka_produceva.
class Message {
 public:
  Message(rd_kafka_topic_t* topic, const KafkaEntry& entry, KafkaDeliveries::Line& line) {
    next(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
    next(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
    set(RD_KAFKA_VTYPE_VALUE, entry.value);
    if (entry.keyed) set(RD_KAFKA_VTYPE_KEY, entry.key);
    next(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = entry.received_ms;
    next(RD_KAFKA_VTYPE_OPAQUE).u.ptr = &line;
  }
  void set_headers(rd_kafka_headers_t* headers) { next(RD_KAFKA_VTYPE_HEADERS).u.headers = headers; }
  const rd_kafka_vu_t* parts() const { return parts_.data(); }
  std::size_t count() const { return count_; }

 private:
  rd_kafka_vu_t& next(rd_kafka_vtype_t type) {
    rd_kafka_vu_t& part = parts_[count_++];
    part.vtype = type;
    return part;
  }
  void set(rd_kafka_vtype_t type, std::string_view bytes) {
    rd_kafka_vu_t& part = next(type);
    part.u.mem.ptr = const_cast<char*>(bytes.data());  // copied, not changed
    part.u.mem.size = bytes.size();
  }

  std::array<rd_kafka_vu_t, 7> parts_;
  std::size_t count_ = 0;
};

int outcome_of(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
  return rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_PERSISTED ? 0 : message.err;
}

}  // namespace

void KafkaProducer::TopicRelease::operator()(rd_kafka_topic_s* topic) const { rd_kafka_topic_destroy(topic); }

result<std::unique_ptr<KafkaProducer>, Error> KafkaProducer::make(const KafkaOptions& options,
                                                                  const AddressGuard& guard, KafkaCounters& counters,
                                                                  std::chrono::seconds stall_limit) {
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(guard, counters, stall_limit));
  SLUICE_TRY_VOID(producer->open(options));
  return producer;
}

result<void, Error> KafkaProducer::open(const KafkaOptions& options) {
  std::array<char, 512> why{};
  std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)> conf(rd_kafka_conf_new(), rd_kafka_conf_destroy);
  for (const auto& [name, value] : options.properties) {
    // Without librdkafka's own error text: it may repeat the value, which may be a secret.
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.reveal().c_str(), nullptr, 0) != RD_KAFKA_CONF_OK)
      return unusable("the Kafka client does not accept this drain's " + name);
  }
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
  // No log: errors come as events.
  rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_conf_set_connect_cb(conf.get(), connect_callback);
  rd_kafka_conf_set_opaque(conf.get(), this);
  handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why.data(), why.size());
  if (handle_ == nullptr) return unusable("the Kafka client cannot be made: " + std::string(why.data()));
  static_cast<void>(conf.release());
  counters_.producers.fetch_add(1);
  counters_.producers_made.fetch_add(1);
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "kafka");
    run();
  });
  return {};
}

KafkaProducer::~KafkaProducer() {
  if (handle_ == nullptr) return;
  stopping_.store(true);
  thread_.join();
  rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  counters_.in_flight_lines.fetch_sub(in_flight_);
  counters_.brokers.fetch_sub(brokers_.size());
  counters_.producers.fetch_sub(1);
}

int KafkaProducer::connect_callback(int socket, const sockaddr* address, int size, const char*, void* self) {
  auto& producer = *static_cast<KafkaProducer*>(self);
  producer.tried_to_connect_at_.store(std::chrono::steady_clock::now(), std::memory_order_relaxed);
  if (const auto refusal = producer.guard_.refusal(address_of(address), port_of(address)); !refusal.empty()) {
    producer.note_trouble(KafkaFault::kAddress, "a broker's address is refused: " + refusal);
    return EACCES;
  }
  if (::connect(socket, address, static_cast<socklen_t>(size)) == 0 || errno == EINPROGRESS) return 0;
  return errno;
}

result<KafkaProducer::Topic, Error> KafkaProducer::topic(const std::string& name) {
  Topic topic(rd_kafka_topic_new(handle_, name.c_str(), nullptr));
  if (topic == nullptr) return unusable("topic " + name + ": " + rd_kafka_err2str(rd_kafka_last_error()));
  return topic;
}

KafkaProducer::Taken KafkaProducer::produce(const Topic& topic, const KafkaEntry& entry, const Labels& labels,
                                            KafkaDeliveries::Line& line) {
  Message message(topic.get(), entry, line);
  rd_kafka_headers_t* headers = labels.headers ? headers_of(entry, labels) : nullptr;
  if (headers != nullptr) message.set_headers(headers);
  const int before = std::exchange(line.outcome, KafkaDeliveries::kUnderWay);
  rd_kafka_error_t* error = rd_kafka_produceva(handle_, message.parts(), message.count());
  if (error == nullptr) return Taken::kYes;
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  line.outcome = before;
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return Taken::kQueueFull;
  line.outcome = code;
  // After a fatal error every call fails, perhaps before the thread has seen the error event.
  if (rd_kafka_fatal_error(handle_, nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    dead_.store(true, std::memory_order_release);
    line.outcome = RD_KAFKA_RESP_ERR__FATAL;
    return Taken::kFailed;
  }
  return kafka_fault(code) == KafkaFault::kTooLarge ? Taken::kTooLarge : Taken::kFailed;
}

void KafkaProducer::handed_over(std::uint32_t lines) { counters_.queued_lines.fetch_add(lines); }

void KafkaProducer::run() {
  const std::unique_ptr<rd_kafka_queue_t, QueueRelease> queue(rd_kafka_queue_get_main(handle_));
  std::chrono::steady_clock::time_point purge_at{};
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (rd_kafka_event_t* event = rd_kafka_queue_poll(queue.get(), kPollMs)) handle(event);
    look_for_size();
    if (!dead()) continue;
    const auto now = std::chrono::steady_clock::now();
    if (purge_at == decltype(purge_at){}) purge_at = now + kDeathGrace;
    const int in_flight = now >= purge_at ? RD_KAFKA_PURGE_F_INFLIGHT : 0;
    rd_kafka_purge(handle_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING | in_flight);
  }
  rd_kafka_purge(handle_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  const auto patient = [this](int waited) { return waited < (counters_.ending ? kProcessEndGraceMs : kEndGraceMs); };
  for (int waited = 0; rd_kafka_outq_len(handle_) > 0 && patient(waited); waited += kPollMs / 10)
    while (rd_kafka_event_t* event = rd_kafka_queue_poll(queue.get(), kPollMs / 10)) handle(event);
}

void KafkaProducer::handle(rd_kafka_op_s* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
      on_reports(event);
      break;
    case RD_KAFKA_EVENT_ERROR:
      on_error(event);
      break;
    case RD_KAFKA_EVENT_STATS:
      on_statistics(view(rd_kafka_event_stats(event)));
      break;
    default:
      break;
  }
  rd_kafka_event_destroy(event);
}

void KafkaProducer::on_reports(rd_kafka_op_s* event) {
  std::array<const rd_kafka_message_t*, kReportBatch> messages;
  while (const std::size_t count = rd_kafka_event_message_array(event, messages.data(), messages.size()))
    report(std::span(messages.data(), count));
  for (const auto& wake_up : to_wake_) KafkaWakeUp::wake(wake_up);
  to_wake_.clear();
}

void KafkaProducer::report(std::span<const rd_kafka_message_s*> messages) {
  std::uint64_t acknowledged = 0;
  KafkaDeliveries* deliveries = nullptr;
  std::uint32_t reported = 0;
  for (const rd_kafka_message_t* message : messages) {
    auto& line = *static_cast<KafkaDeliveries::Line*>(message->_private);
    const int outcome = outcome_of(*message);
    if (outcome == 0)
      ++acknowledged;
    else
      counters_.line_errors[static_cast<std::size_t>(kafka_fault(outcome))].fetch_add(1);
    line.outcome = outcome;
    if (deliveries != line.deliveries && reported > 0) note_reports(*deliveries, std::exchange(reported, 0));
    deliveries = line.deliveries;
    ++reported;
  }
  if (reported > 0) note_reports(*deliveries, reported);
  counters_.queued_lines.fetch_sub(static_cast<std::int64_t>(messages.size()));
  counters_.acknowledged_lines.fetch_add(acknowledged);
  if (acknowledged == 0) return;
  stalled_for_ = std::chrono::seconds(0);
  troubled_.store(false, std::memory_order_release);
}

/// `deliveries` may be deleted when this returns.
void KafkaProducer::note_reports(KafkaDeliveries& deliveries, std::uint32_t lines) {
  if (std::find(to_wake_.begin(), to_wake_.end(), deliveries.wake_up()) == to_wake_.end())
    to_wake_.push_back(deliveries.wake_up());
  deliveries.release(lines);
}

void KafkaProducer::on_error(rd_kafka_op_s* event) {
  const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
  if (rd_kafka_event_error_is_fatal(event) != 0) return die(std::string(view(rd_kafka_event_error_string(event))));
  const KafkaFault fault = kafka_fault(code);
  counters_.broker_errors[static_cast<std::size_t>(fault)].fetch_add(1);
  // "All brokers are down" says less than the error of a single broker: keep that one.
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && troubled_.load(std::memory_order_acquire)) return;
  note_trouble(fault, view(rd_kafka_event_error_string(event)));
}

void KafkaProducer::die(std::string reason) {
  reason = kafka_sentence(reason);
  log_warning("Kafka producer ended", {{"reason", reason}});
  counters_.fatal.fetch_add(1);
  note_trouble(KafkaFault::kFatal, "the producer ended: " + reason);
  dead_.store(true, std::memory_order_release);
}

void KafkaProducer::note_trouble(KafkaFault fault, std::string_view sentence) {
  const std::lock_guard lock(trouble_mutex_);
  const bool worse = trouble_fault_ == KafkaFault::kAddress && fault == KafkaFault::kConnect;
  if (worse && troubled_.load(std::memory_order_acquire)) return;  // the same fault, less precise
  trouble_ = kafka_sentence(sentence);
  trouble_fault_ = fault;
  troubled_.store(true, std::memory_order_release);
}

std::optional<KafkaProducer::Trouble> KafkaProducer::trouble() const {
  if (!troubled_.load(std::memory_order_acquire)) return std::nullopt;
  const std::lock_guard lock(trouble_mutex_);
  return Trouble{trouble_fault_, trouble_};
}

/// Reads librdkafka's statistics each second: how many messages wait for a broker's response, and whether any broker is
/// connected.
void KafkaProducer::on_statistics(std::string_view json) {
  boost::system::error_code failed;
  const auto parsed = boost::json::parse({json.data(), json.size()}, failed);
  if (failed || !parsed.is_object()) return;
  const auto* brokers = parsed.get_object().if_contains("brokers");
  std::int64_t now = 0;
  bool connected = false;
  if (brokers != nullptr && brokers->is_object()) {
    for (const auto& [name, broker] : brokers->get_object()) {
      if (!broker.is_object()) continue;
      const auto* waiting = broker.get_object().if_contains("waitresp_msg_cnt");
      if (waiting != nullptr && waiting->is_int64()) now += waiting->get_int64();
      const auto* state = broker.get_object().if_contains("state");
      connected = connected || (state != nullptr && state->is_string() && state->get_string() == "UP");
    }
  }
  counters_.in_flight_lines.fetch_add(now - in_flight_);
  in_flight_ = now;
  look_for_stall(connected);
}

/// Counts the seconds since the last confirmation in which lines waited although they could have been sent: a broker
/// was connected, or librdkafka did not even try to connect.
void KafkaProducer::look_for_stall(bool connected) {
  const auto untried_for = std::chrono::steady_clock::now() - tried_to_connect_at_.load(std::memory_order_relaxed);
  if (rd_kafka_outq_len(handle_) == 0)
    stalled_for_ = std::chrono::seconds(0);
  else if (connected || untried_for > kLongestBackoff)
    stalled_for_ += kStatisticsInterval;
  if (stalled_for_ < stall_limit_ || dead()) return;
  die("no line was confirmed for " + std::to_string(stalled_for_.count()) + " s, although brokers were reachable");
}

bool KafkaProducer::may_learn(std::int32_t broker) {
  const std::lock_guard lock(brokers_mutex_);
  if (brokers_.contains(broker)) return true;
  const bool too_large = brokers_.size() >= kMostBrokers;
  const bool crowded = counters_.brokers.load() >= kMostBrokersOfAll && brokers_.size() >= kAlwaysBrokers;
  if (!too_large && !crowded) {
    brokers_.insert(broker);
    counters_.brokers.fetch_add(1);
    return true;
  }
  counters_.brokers_refused.fetch_add(1);
  (too_large ? oversized_ : crowded_).store(true, std::memory_order_release);
  return false;
}

void KafkaProducer::look_for_size() {
  if (dead()) return;
  if (is_oversized())
    die("the cluster names more than " + std::to_string(kMostBrokers) + " brokers");
  else if (crowded_.load(std::memory_order_acquire))
    die("the clusters of all Kafka drains together name more than " + std::to_string(kMostBrokersOfAll) + " brokers");
}

void KafkaProducer::fail_for_test() {
  rd_kafka_test_fatal_error(handle_, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "asked for by a test");
}

}  // namespace sluice::drains

// librdkafka calls this function for each broker that a cluster names, up to 10,000 in one response, and starts a
// thread for each new one. It offers no callback to limit that, so the linker redirects the calls to ours (--wrap, in
// CMakeLists.txt). The declarations match the release that ops/librdkafka builds.
extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names
void __real_rd_kafka_broker_update(rd_kafka_t* handle, int protocol, const rd_kafka_metadata_broker* broker,
                                   void** found);
void __wrap_rd_kafka_broker_update(rd_kafka_t* handle, int protocol, const rd_kafka_metadata_broker* broker,
                                   void** found);

void __wrap_rd_kafka_broker_update(rd_kafka_t* handle, int protocol, const rd_kafka_metadata_broker* broker,
                                   void** found) {
  // Only our producers have an owner.
  auto* owner = static_cast<sluice::drains::KafkaProducer*>(rd_kafka_opaque(handle));
  if (owner == nullptr || owner->may_learn(broker->id)) {
    __real_rd_kafka_broker_update(handle, protocol, broker, found);
  } else if (found != nullptr) {
    *found = nullptr;
  }
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

}  // extern "C"
