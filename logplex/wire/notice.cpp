#include "logplex/wire/notice.hpp"

#include "logplex/wire/timestamp.hpp"

namespace sluice {
namespace {

constexpr std::uint8_t kLocal5Warning = 172;
constexpr std::uint8_t kLocal7Warning = 188;

OwnedRecord notice(LineView line, std::string_view text, WallTime now) {
  const std::string time = timestamp_seconds(now);
  line.received = now;
  line.time = time;
  line.text = text;
  return OwnedRecord(line);
}

}  // namespace

OwnedRecord::OwnedRecord(const LineView& line) : words_(record_size(line) / sizeof(std::uint64_t)) {
  encode_record(line, reinterpret_cast<std::byte*>(words_.data()));
}

OwnedRecord l10_notice(std::uint64_t lines, WallTime since, WallTime now) {
  LineView line;
  line.pri = kLocal5Warning;
  line.source = "heroku";
  line.process = "logplex";
  const std::string dropped = std::to_string(lines) + " messages dropped since " + timestamp_seconds(since) + ".";
  return notice(line, "Error L10 (output buffer overflow): " + dropped, now);
}

OwnedRecord l11_notice(std::uint64_t lines, WallTime since, WallTime now) {
  LineView line;
  line.pri = kLocal5Warning;
  line.source = "logplex";
  line.process = "1";
  const std::string dropped = std::to_string(lines) + " messages since " + timestamp_seconds(since) + ".";
  return notice(line, "Error L11 (Tail buffer overflow) -> This tail session dropped " + dropped, now);
}

OwnedRecord l16_notice(std::uint64_t lines, WallTime since, WallTime now) {
  LineView line;
  line.pri = kLocal5Warning;
  line.source = "logplex";
  line.process = "1";
  const std::string dropped = std::to_string(lines) + " lines dropped since " + timestamp_seconds(since) + ".";
  return notice(line, "Error L16 (Ingress rate limit) -> " + dropped, now);
}

OwnedRecord l14_notice(std::string_view error, std::string_view uri, std::string_view host, WallTime now) {
  LineView line;
  line.pri = kLocal7Warning;
  line.tails_only = true;
  line.host = host;
  line.source = "heroku";
  line.process = "logplex";
  std::string text = "Error L14 (certificate validation): error=\"";
  text.append(error).append("\" uri=\"").append(uri).append("\"");
  return notice(line, text, now);
}

}  // namespace sluice
