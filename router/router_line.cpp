#include "router/router_line.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "logplex/base/bytes16.hpp"

namespace sluice {
namespace {

constexpr std::size_t kFixedBound = 512;
constexpr std::size_t kEscapedByteSize = 4;
/// Keeps every line below the longest text that a record holds, also when all bytes have to be escaped. Of the
/// forwarding list the end is kept: that is the part which did not come from the client.
constexpr std::size_t kLongestPath = 8192;
constexpr std::size_t kLongestForwarding = 4096;

/// What a value may hold as it is: printable ASCII without quotes and backslashes, and where it stands bare no space.
enum class Lowest : char { kQuoted = ' ', kBare = '!' };

bool is_plain(char c, Lowest lowest) { return c >= static_cast<char>(lowest) && c < 0x7f && c != '"' && c != '\\'; }

/// True when all of [at, end) is plain. Reads up to 15 bytes past end.
bool all_plain(const char* at, const char* end, Lowest lowest) {
  for (; at < end; at += 16) {
    const Bytes16 bytes(at);
    const auto plain = bytes.between(static_cast<char>(lowest), 0x7e);
    const auto special = bytes.equal('"') | bytes.equal('\\');
    const auto found = special.or_not(plain).places();
    if (!found.none()) return at + found.first() >= end;
  }
  return true;
}

/// Puts fields one after the other; `out` has router_line_bound() bytes.
class LineWriter {
 public:
  explicit LineWriter(char* out) : begin_(out), at_(out) {}

  void put(std::string_view text) {
    if (text.empty()) return;  // memcpy takes no null pointer
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void quoted(std::string_view key, std::string_view value) {
    put(key);
    *at_++ = '"';
    if (!put_plain(value, Lowest::kQuoted)) escape(value);
    *at_++ = '"';
  }
  void bare(std::string_view key, std::string_view value) {
    char* const begin = at_;
    put(key);
    if (put_plain(value, Lowest::kBare)) return;
    at_ = begin;
    quoted(key, value);
  }
  void number(std::string_view key, std::uint64_t value) {
    put(key);
    at_ = std::to_chars(at_, at_ + 20, value).ptr;
  }
  void milliseconds(std::string_view key, std::optional<std::int64_t> value) {
    put(key);
    if (!value) return;
    at_ = std::to_chars(at_, at_ + 20, *value).ptr;
    put("ms");
  }
  std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  /// Copies first and looks at the copy, because room is behind that: whole vectors, 1,990 -> 910 instructions a line
  /// (2026-11-23). False when the value has to be escaped; then nothing was put.
  bool put_plain(std::string_view value, Lowest lowest) {
    char* const begin = at_;
    put(value);
    if (all_plain(begin, at_, lowest)) return true;
    at_ = begin;
    return false;
  }
  void escape(std::string_view value) {
    std::size_t from = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (is_plain(value[i], Lowest::kQuoted)) continue;
      put(value.substr(from, i - from));
      escape_byte(value[i]);
      from = i + 1;
    }
    put(value.substr(from));
  }
  void escape_byte(char c) {
    constexpr char kHex[] = "0123456789abcdef";
    *at_++ = '\\';
    if (c == '"' || c == '\\') {
      *at_++ = c;
      return;
    }
    const auto byte = static_cast<unsigned char>(c);
    *at_++ = 'x';
    *at_++ = kHex[byte >> 4];
    *at_++ = kHex[byte & 15];
  }

  char* begin_;
  char* at_;
};

void put_start(LineWriter& out, const RouterLine& line) {
  const RouterCodeRow& row = row_of(line.code);
  if (!row.sock.empty()) {
    out.put("sock=");
    out.put(row.sock);
    out.put(" ");
  }
  const LineLevel level = line.desc.empty() ? row.level : LineLevel::kError;
  out.put(level == LineLevel::kInfo ? "at=info" : level == LineLevel::kWarning ? "at=warning" : "at=error");
  if (line.code != RouterCode::kNone) {
    out.put(" code=");
    out.put(row.name);
  }
  const std::string_view desc = line.desc.empty() ? row.desc : line.desc;
  if (!desc.empty()) out.quoted(" desc=", desc);
  if (!line.cause.empty()) out.quoted(" cause=", line.cause);
}

void put_tail(LineWriter& out, const RouterLine& line, RouterLineFormat format) {
  if (format == RouterLineFormat::kHeroku) {
    if (line.tls) out.bare(" tls_version=", line.tls_version.empty() ? "unknown" : line.tls_version);
    return out.put(line.tls ? " protocol=https" : " protocol=http");
  }
  out.put(line.http_1_0 ? " protocol=http1.0" : " protocol=http1.1");
  if (!line.tls) return out.put(" tls=false");
  out.bare(" tls=true tls_version=", line.tls_version.empty() ? "unknown" : line.tls_version);
}

}  // namespace

std::size_t router_line_bound(const RouterLine& line) {
  const std::size_t values = line.method.size() + line.path.size() + line.host.size() + line.request_id.size() +
                             line.forwarded_for.size() + line.dyno.size() + line.desc.size() + line.cause.size();
  return kFixedBound + kEscapedByteSize * values;
}

std::size_t write_router_line(const RouterLine& line, RouterLineFormat format, char* out) {
  LineWriter writer(out);
  put_start(writer, line);
  writer.bare(" method=", line.method);
  writer.quoted(" path=", line.path.substr(0, kLongestPath));
  writer.bare(" host=", line.host);
  writer.bare(" request_id=", line.request_id);
  const std::size_t cut = line.forwarded_for.size() - std::min(line.forwarded_for.size(), kLongestForwarding);
  writer.quoted(" fwd=", line.forwarded_for.substr(cut));
  writer.bare(" dyno=", line.dyno);
  writer.milliseconds(" connect=", line.connect_ms);
  writer.milliseconds(" service=", line.service_ms);
  if (line.status != 0)
    writer.number(" status=", line.status);
  else
    writer.put(" status=");
  writer.number(" bytes=", line.bytes);
  put_tail(writer, line, format);
  return writer.size();
}

std::string_view LineClock::format(WallTime time) {
  using std::chrono::duration_cast;
  const std::int64_t micros = time.time_since_epoch().count();
  if (micros == micros_) return {text_, kLineTimeSize};  // lines of one turn
  micros_ = micros;
  const std::int64_t second = micros / 1000000;
  if (second != second_) {
    second_ = second;
    const std::chrono::sys_seconds at{std::chrono::seconds(second)};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(at - day);
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.000000+00:00", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    std::memcpy(text_, buffer, kLineTimeSize);
  }
  auto fraction = static_cast<std::uint32_t>(micros % 1000000);
  for (std::size_t i = 25; i > 19; --i, fraction /= 10) text_[i] = static_cast<char>('0' + fraction % 10);
  return {text_, kLineTimeSize};
}

}  // namespace sluice
