#include "router/line/router_line.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "logplex/base/bytes/bytes16.hpp"
#include "logplex/base/bytes/copy_text.hpp"

namespace sluice::router {
namespace {

/// RFC 5424: facility local3, severity info.
constexpr std::uint8_t kPriority = 158;
constexpr std::size_t kFixedBound = 512;
constexpr std::size_t kEscapedByteSize = 4;
/// Most bytes, with escapes, of the two values that a client can make arbitrarily long. With the default
/// router.request_line_max, a path of plain characters is never cut. The end of the forwarding list is kept, because
/// that part did not come from the client.
constexpr std::size_t kPathRoom = 8192;
constexpr std::size_t kForwardingRoom = 2048;

/// Characters that a value may contain unescaped: printable ASCII without quotes and backslashes; a bare value has no
/// spaces either.
enum class Lowest : char { kQuoted = ' ', kBare = '!' };

bool is_plain(char c, Lowest lowest) { return c >= static_cast<char>(lowest) && c < 0x7f && c != '"' && c != '\\'; }

std::size_t escaped_size(char c) {
  if (is_plain(c, Lowest::kQuoted)) return 1;
  return c == '"' || c == '\\' ? 2 : kEscapedByteSize;
}

/// Returns how many of the bytes fit once they are escaped.
template <class Bytes>
std::size_t fitting(const Bytes begin, const Bytes end, std::size_t room) {
  Bytes at = begin;
  for (std::size_t used = 0; at != end; ++at) {
    used += escaped_size(*at);
    if (used > room) break;
  }
  return static_cast<std::size_t>(at - begin);
}

// Separate functions, so that values of usual length do not pay for them.
[[gnu::noinline, gnu::cold]] std::string_view begin_that_fits(std::string_view value, std::size_t room) {
  return value.substr(0, fitting(value.begin(), value.end(), room));
}
[[gnu::noinline, gnu::cold]] std::string_view end_that_fits(std::string_view value, std::size_t room) {
  return value.substr(value.size() - fitting(value.rbegin(), value.rend(), room));
}

/// True when the value fits whatever it contains.
bool surely_fits(std::string_view value, std::size_t room) { return value.size() <= room / kEscapedByteSize; }

std::string_view path_of(const RouterLine& line) {
  return surely_fits(line.path, kPathRoom) ? line.path : begin_that_fits(line.path, kPathRoom);
}

std::string_view forwarding_of(const RouterLine& line) {
  return surely_fits(line.forwarded_for, kForwardingRoom) ? line.forwarded_for
                                                          : end_that_fits(line.forwarded_for, kForwardingRoom);
}

/// All bits set where a byte is plain.
template <Lowest kLowest>
Bytes16 plain(Bytes16 bytes) {
  const Bytes16 special = bytes.equal('"') | bytes.equal('\\') | bytes.equal(0x7f);
  return bytes.ascii_above(static_cast<char>(kLowest) - 1).and_not(special);
}

/// Copies the value; returns whether all of it is plain. Calls no memcpy and reads the value once: 910 -> 600
/// instructions a line (2026-11-23). Reads up to 15 bytes after the value.
template <Lowest kLowest>
bool copy_plain(std::string_view value, char* out) {
  const std::size_t size = value.size();
  if (size < 16) {
    copy_short(value, out);
    const auto found = plain<kLowest>(Bytes16(out)).places();
    return found.all() || found.first_other() >= size;
  }
  const Bytes16 last(value.data() + size - 16);
  last.store(out + size - 16);
  Bytes16 found = plain<kLowest>(last);
  for (std::size_t at = 0; at + 16 < size; at += 16) {
    const Bytes16 bytes(value.data() + at);
    bytes.store(out + at);
    found = found & plain<kLowest>(bytes);
  }
  return found.places().all();
}

/// Appends fields; `out` has router_line_bound() bytes.
class LineWriter {
 public:
  explicit LineWriter(char* out) : begin_(out), at_(out) {}

  void put(std::string_view text) {
    if (text.empty()) return;  // memcpy takes no null pointer
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  /// The compiler knows the size: a few stores.
  template <std::size_t kSize>
  void put(const char (&literal)[kSize]) {
    std::memcpy(at_, literal, kSize - 1);
    at_ += kSize - 1;
  }
  template <std::size_t kSize>
  void quoted(const char (&key)[kSize], std::string_view value) {
    put(key);
    *at_++ = '"';
    if (!put_plain<Lowest::kQuoted>(value)) escape(value);
    *at_++ = '"';
  }
  template <std::size_t kSize>
  void bare(const char (&key)[kSize], std::string_view value) {
    char* const begin = at_;
    put(key);
    if (put_plain<Lowest::kBare>(value)) return;
    at_ = begin;
    quoted(key, value);
  }
  template <std::size_t kSize>
  void number(const char (&key)[kSize], std::uint64_t value) {
    put(key);
    at_ = std::to_chars(at_, at_ + 20, value).ptr;
  }
  template <std::size_t kSize>
  void milliseconds(const char (&key)[kSize], std::optional<std::int64_t> value) {
    put(key);
    if (!value) return;
    at_ = std::to_chars(at_, at_ + 20, *value).ptr;
    put("ms");
  }
  std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  /// False when the value has to be escaped; then it puts nothing.
  template <Lowest kLowest>
  bool put_plain(std::string_view value) {
    if (!copy_plain<kLowest>(value, at_)) return false;
    at_ += value.size();
    return true;
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
  // Nearly every line reports a success.
  if (line.code == RouterCode::kNone && line.desc.empty() && line.cause.empty()) return out.put("at=info");
  const RouterCodeRow& row = row_of(line.code);
  if (!row.sock.empty()) {
    out.put("sock=");
    out.put(row.sock);
    out.put(" ");
  }
  const LineLevel level = line.desc.empty() ? row.level : LineLevel::kError;
  if (level == LineLevel::kInfo)
    out.put("at=info");
  else if (level == LineLevel::kWarning)
    out.put("at=warning");
  else
    out.put("at=error");
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
  switch (line.version) {
    case HttpVersion::k11:
      out.put(" protocol=http1.1");
      break;
    case HttpVersion::k10:
      out.put(" protocol=http1.0");
      break;
    case HttpVersion::k2:
      out.put(" protocol=http2");
      break;
  }
  if (!line.tls) return out.put(" tls=false");
  out.bare(" tls=true tls_version=", line.tls_version.empty() ? "unknown" : line.tls_version);
}

}  // namespace

std::size_t router_line_bound(const RouterLine& line) {
  const std::size_t values = line.method.size() + line.host.size() + line.request_id.size() + line.dyno.size() +
                             line.desc.size() + line.cause.size();
  const std::size_t path = std::min(kPathRoom, kEscapedByteSize * line.path.size());
  const std::size_t forwarding = std::min(kForwardingRoom, kEscapedByteSize * line.forwarded_for.size());
  return kFixedBound + kEscapedByteSize * values + path + forwarding;
}

bool is_cut(const RouterLine& line) {
  return path_of(line).size() != line.path.size() || forwarding_of(line).size() != line.forwarded_for.size();
}

std::size_t write_router_line(const RouterLine& line, RouterLineFormat format, char* out) {
  LineWriter writer(out);
  put_start(writer, line);
  writer.bare(" method=", line.method);
  writer.quoted(" path=", path_of(line));
  writer.bare(" host=", line.host);
  writer.bare(" request_id=", line.request_id);
  writer.quoted(" fwd=", forwarding_of(line));
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
  if (micros == micros_) return {text_, kLineTimeSize};  // the lines of one turn have the same time
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

LineBuffer::LineBuffer(std::string_view source) : source_size_(source.size()) {
  bytes_.assign(kLineTimeSize, ' ');
  bytes_.append(" host ").append(source).append(" router - - ");
  text_at_ = bytes_.size();
  view_.pri = kPriority;
  grow(text_at_ + kFixedBound);
}

void LineBuffer::grow(std::size_t size) {
  bytes_.resize(size);
  const char* at = bytes_.data();
  const auto next = [&at](std::size_t length) {
    const std::string_view field(at, length);
    at += length + 1;
    return field;
  };
  view_.time = next(kLineTimeSize);
  view_.host = next(4);
  view_.source = next(source_size_);
  view_.process = next(6);
  view_.msgid = next(1);
  view_.structured_data = next(1);
}

const LineView& LineBuffer::write(const RouterLine& line, RouterLineFormat format, WallTime now) {
  const std::size_t bound = text_at_ + router_line_bound(line);
  if (bytes_.size() < bound) grow(bound);
  std::memcpy(bytes_.data(), clock_.format(now).data(), kLineTimeSize);
  char* const text = bytes_.data() + text_at_;
  view_.text = {text, write_router_line(line, format, text)};
  view_.received = now;
  return view_;
}

}  // namespace sluice::router
