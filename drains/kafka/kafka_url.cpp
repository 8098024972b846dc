#include "drains/kafka/kafka_url.hpp"

#include <algorithm>
#include <charconv>

#include "logplex/model/config_error.hpp"

namespace sluice::drains {
namespace {

constexpr std::size_t kBrokersMax = 32;
constexpr std::size_t kTopicMax = 249;  // Kafka's own limit
constexpr std::size_t kFieldMax = 64;
constexpr std::uint16_t kPlainPort = 9092;
constexpr std::uint16_t kTlsPort = 9093;
constexpr Duration kLongestLinger = std::chrono::seconds(10);

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; });
  return out;
}

/// Takes the part of `rest` before the first character of `ends`; that character stays in `rest`.
std::string_view take_until(std::string_view& rest, std::string_view ends) {
  const auto end = std::min(rest.find_first_of(ends), rest.size());
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end);
  return part;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

result<std::string, Error> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return invalid("a '%' in the url must be followed by two hexadecimal digits");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  const auto unclean = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(out.begin(), out.end(), unclean)) return invalid("the url holds a control character");
  return out;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_address_character(char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; }

result<std::uint16_t, Error> parse_port(std::string_view text, std::uint16_t otherwise) {
  if (text.empty()) return otherwise;
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data() + 1, text.data() + text.size(), port);
  if (text.front() != ':' || text.size() == 1 || failed != std::errc() || end != text.data() + text.size() || port == 0)
    return invalid("a broker's port must be a number from 1 to 65535");
  return port;
}

result<KafkaUrl::Broker, Error> parse_broker(std::string_view text, std::uint16_t default_port) {
  KafkaUrl::Broker broker;
  std::string_view rest = text;
  bool good = false;
  if (rest.starts_with('[')) {
    rest.remove_prefix(1);
    broker.host = lower(take_until(rest, "]"));
    good = !rest.empty() && broker.host.find(':') != std::string::npos &&
           std::all_of(broker.host.begin(), broker.host.end(), is_address_character);
    if (!rest.empty()) rest.remove_prefix(1);
  } else {
    broker.host = lower(take_until(rest, ":"));
    good = !broker.host.empty() && broker.host.size() <= 253 &&
           std::all_of(broker.host.begin(), broker.host.end(), is_host_character);
  }
  if (!good) return invalid("a Kafka url must name its brokers: kafka://broker[:port][,broker[:port]]/topic");
  SLUICE_TRY(broker.port, parse_port(rest, default_port));
  return broker;
}

result<void, Error> read_brokers(KafkaUrl& url, std::string_view list) {
  for (;;) {
    SLUICE_TRY(auto broker, parse_broker(take_until(list, ","), url.tls ? kTlsPort : kPlainPort));
    url.brokers.push_back(std::move(broker));
    if (url.brokers.size() > kBrokersMax) return invalid("a Kafka url can name at most 32 brokers");
    if (list.empty()) return {};
    list.remove_prefix(1);
  }
}

result<void, Error> read_user(KafkaUrl& url, std::string_view text) {
  const auto colon = std::min(text.find(':'), text.size());
  SLUICE_TRY(url.user, percent_decoded(text.substr(0, colon)));
  SLUICE_TRY(auto password, percent_decoded(text.substr(std::min(colon + 1, text.size()))));
  url.password = Secret(std::move(password));
  return {};
}

result<void, Error> read_topic(KafkaUrl& url, std::string_view path) {
  if (path.size() < 2) return invalid("a Kafka url must name a topic: kafka://broker/topic");
  SLUICE_TRY(url.topic, percent_decoded(path.substr(1)));
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (url.topic.size() > kTopicMax || url.topic == "." || url.topic == ".." ||
      !std::all_of(url.topic.begin(), url.topic.end(), allowed))
    return invalid("a Kafka topic must have 1 to 249 characters of A-Z a-z 0-9 . _ -");
  return {};
}

// One function per option. `value` is percent-decoded.

result<void, Error> set_compression(KafkaUrl& url, const std::string& value) {
  url.compression = lower(value);
  constexpr std::string_view kKnown[] = {"zstd", "lz4", "snappy", "gzip", "none"};
  if (std::find(std::begin(kKnown), std::end(kKnown), url.compression) == std::end(kKnown))
    return invalid("compression must be zstd, lz4, snappy, gzip or none");
  return {};
}

result<void, Error> set_acks(KafkaUrl&, const std::string& value) {
  if (lower(value) != "all" && value != "-1")
    return invalid("acks must be all: a line counts as delivered when all in-sync replicas have it");
  return {};
}

result<void, Error> set_linger(KafkaUrl& url, const std::string& value) {
  const bool bare = !value.empty() && value.back() >= '0' && value.back() <= '9';
  const auto linger = parse_duration(bare ? value + "ms" : value);
  if (!linger || *linger < Duration::zero() || *linger > kLongestLinger)
    return invalid("linger must be a time from 0ms to 10s");
  url.linger = *linger;
  return {};
}

result<void, Error> set_key(KafkaUrl& url, const std::string& value) {
  using Kind = KafkaUrl::KeyKind;
  constexpr std::pair<std::string_view, Kind> kKinds[] = {{"channel", Kind::kChannel}, {"none", Kind::kNone},
                                                          {"source", Kind::kSource},   {"process", Kind::kProcess},
                                                          {"host", Kind::kHost},       {"msgid", Kind::kMsgid}};
  url.key = Kind::kField;
  for (const auto& [name, kind] : kKinds)
    if (name == value) url.key = kind;
  if (url.key != Kind::kField) return {};
  const auto good = [](char c) { return is_host_character(static_cast<char>(c | (c >= 'A' && c <= 'Z' ? 0x20 : 0))); };
  if (value.empty() || value.size() > kFieldMax || !std::all_of(value.begin(), value.end(), good))
    return invalid("key must be channel, none, source, process, host, msgid or the name of a field in the text");
  url.key_field = value;
  return {};
}

result<void, Error> set_headers(KafkaUrl& url, const std::string& value) {
  if (value != "all" && value != "none") return invalid("headers must be all or none");
  url.headers = value == "all";
  return {};
}

result<void, Error> set_mechanism(KafkaUrl& url, const std::string& value) {
  url.mechanism = upper(value);
  if (url.mechanism != "PLAIN" && url.mechanism != "SCRAM-SHA-256" && url.mechanism != "SCRAM-SHA-512")
    return invalid("sasl.mechanism must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512");
  return {};
}

result<void, Error> set_user(KafkaUrl& url, const std::string& value) {
  url.user = value;
  return {};
}

result<void, Error> set_password(KafkaUrl& url, const std::string& value) {
  url.password = Secret(value);
  return {};
}

/// The value of security.protocol, checked against the other options when all have been read.
struct Wish {
  std::string protocol;
};

struct Option {
  std::string_view name;
  result<void, Error> (*set)(KafkaUrl&, const std::string&);
};
constexpr Option kOptions[] = {
    {"compression", set_compression},
    {"compression.type", set_compression},
    {"compression.codec", set_compression},
    {"acks", set_acks},
    {"linger", set_linger},
    {"linger.ms", set_linger},
    {"key", set_key},
    {"headers", set_headers},
    {"sasl.mechanism", set_mechanism},
    {"sasl.mechanisms", set_mechanism},
    {"sasl.username", set_user},
    {"sasl.password", set_password},
};

result<void, Error> read_option(KafkaUrl& url, Wish& wish, std::string_view parameter) {
  const auto equals = std::min(parameter.find('='), parameter.size());
  const auto name = parameter.substr(0, equals);  // not decoded: redacted_url() also compares names as written
  SLUICE_TRY(std::string value, percent_decoded(parameter.substr(std::min(equals + 1, parameter.size()))));
  if (name == "security.protocol") {
    wish.protocol = lower(value);
    return {};
  }
  for (const Option& option : kOptions)
    if (option.name == name) return option.set(url, value);
  return invalid(
      "a Kafka url has an unknown option; the options are compression, acks, linger, key, headers, "
      "security.protocol, sasl.mechanism, sasl.username and sasl.password");
}

result<void, Error> read_options(KafkaUrl& url, Wish& wish, std::string_view query) {
  if (query.find(';') != std::string_view::npos) return invalid("write a ';' in an option of a Kafka url as %3B");
  while (!query.empty()) {
    const auto parameter = take_until(query, "&");
    if (!parameter.empty()) SLUICE_TRY_VOID(read_option(url, wish, parameter));
    if (!query.empty()) query.remove_prefix(1);
  }
  return {};
}

result<void, Error> apply_wish(KafkaUrl& url, const Wish& wish) {
  if (wish.protocol.empty()) return {};
  const bool sasl = wish.protocol.starts_with("sasl_");
  const bool tls = wish.protocol.ends_with("ssl");
  if (wish.protocol != std::string(sasl ? "sasl_" : "") + (tls ? "ssl" : "plaintext"))
    return invalid("security.protocol must be plaintext, ssl, sasl_plaintext or sasl_ssl");
  if (url.tls && !tls) return invalid("security.protocol contradicts kafka+tls://");
  if (sasl && url.user.empty()) return invalid("security.protocol needs sasl.username and sasl.password");
  if (!sasl && !url.user.empty()) return invalid("sasl.username needs security.protocol sasl_plaintext or sasl_ssl");
  url.tls = tls;
  return {};
}

result<void, Error> check_whole(KafkaUrl& url) {
  if (url.mechanism.empty() && !url.user.empty()) url.mechanism = "PLAIN";
  if (!url.mechanism.empty() && (url.user.empty() || url.password.empty()))
    return invalid("sasl.mechanism needs sasl.username and sasl.password");
  if (url.insecure && !url.tls) return invalid("only a url with TLS can be #insecure");
  return {};
}

}  // namespace

std::string KafkaUrl::Broker::address() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<KafkaUrl, Error> parse_kafka_url(std::string_view text) {
  KafkaUrl url;
  auto rest = text;
  const std::string scheme = lower(take_until(rest, ":"));
  if ((scheme != "kafka" && scheme != "kafka+tls") || !rest.starts_with("://"))
    return invalid("a Kafka url begins with kafka:// or kafka+tls://");
  url.tls = scheme == "kafka+tls";
  rest.remove_prefix(3);
  auto authority = take_until(rest, "/?#");
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    SLUICE_TRY_VOID(read_user(url, authority.substr(0, at)));
    authority.remove_prefix(at + 1);
  }
  SLUICE_TRY_VOID(read_brokers(url, authority));
  SLUICE_TRY_VOID(read_topic(url, take_until(rest, "?#")));
  Wish wish;
  if (rest.starts_with('?')) SLUICE_TRY_VOID(read_options(url, wish, take_until(rest, "#").substr(1)));
  if (!rest.empty() && rest != "#insecure") return invalid("the only fragment that a Kafka url may have is #insecure");
  url.insecure = !rest.empty();
  SLUICE_TRY_VOID(apply_wish(url, wish));
  SLUICE_TRY_VOID(check_whole(url));
  return url;
}

}  // namespace sluice::drains
