#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logplex/base/clock.hpp"
#include "logplex/wire/line.hpp"
#include "router/line/router_code.hpp"
#include "router/message/head.hpp"

namespace sluice::router {

/// The tail of a router line: `heroku` ends in protocol=http, `heroku2` in protocol=http1.1 tls=false.
enum class RouterLineFormat : std::uint8_t { kHeroku, kHeroku2 };

/// The content of one request's line. What is unknown or was not reached stays empty or absent: `dyno= connect=`.
struct RouterLine {
  RouterCode code = RouterCode::kNone;
  std::string_view desc;  // replaces the code's text; also for failures without a code
  std::string_view cause;
  std::string_view method;
  std::string_view path;
  std::string_view host;
  std::string_view request_id;
  std::string_view forwarded_for;
  std::string_view dyno;
  std::optional<std::int64_t> connect_ms;
  std::optional<std::int64_t> service_ms;
  unsigned status = 0;  // 0 = none was sent
  std::uint64_t bytes = 0;
  HttpVersion version = HttpVersion::k11;
  bool tls = false;
  std::string_view tls_version;  // "tls1.3"
};

/// An upper bound of the size that write_router_line() writes.
std::size_t router_line_bound(const RouterLine& line);
/// True when the line shows only the beginning of the path or the end of the forwarding list. A line is at most about
/// as long as its request.
bool is_cut(const RouterLine& line);
/// Writes the line's text to `out`, without newline; returns its size. Nothing that a client sends can end a field or
/// the line: quotes and backslashes are escaped, control bytes and bytes from 0x7f on become \xNN, and a value that is
/// normally unquoted gets quotes when it contains anything but plain characters.
std::size_t write_router_line(const RouterLine& line, RouterLineFormat format, char* out);

/// `2026-11-22T22:00:00.123456+00:00`, 32 characters.
constexpr std::size_t kLineTimeSize = 32;
/// Formats times. It keeps the text up to the second, which rarely changes between two lines. One shard.
class LineClock {
 public:
  std::string_view format(WallTime time);

 private:
  std::int64_t micros_ = -1;
  std::int64_t second_ = -1;
  char text_[kLineTimeSize] = {};
};

/// A buffer for router lines; each line overwrites the one before:
///
///     TIME host SOURCE router - - TEXT
///
/// Fields and text are contiguous, as in a parsed line, so that a record takes them with one copy. One shard.
class LineBuffer {
 public:
  /// `source`: the app-name of the lines.
  explicit LineBuffer(std::string_view source);
  LineBuffer(const LineBuffer&) = delete;
  LineBuffer& operator=(const LineBuffer&) = delete;

  /// The view is valid until the next call.
  const LineView& write(const RouterLine& line, RouterLineFormat format, WallTime now);

 private:
  void grow(std::size_t size);

  const std::size_t source_size_;
  std::string bytes_;
  std::size_t text_at_;
  LineView view_;
  LineClock clock_;
};

}  // namespace sluice::router
