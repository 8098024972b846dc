#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "logplex/base/clock.hpp"
#include "logplex/base/result.hpp"

namespace sluice::cli {

/// The header fields of every line that `send` writes.
struct SendHeader {
  unsigned pri = 190;
  std::string host;
  std::string source;
  std::string process;
};

/// Error: kUsage if a field is empty, longer than 255 bytes, or not printable ASCII without blanks (RFC 5424 section
/// 6).
result<void, Error> check_send_header(const SendHeader& header);
/// 184 + severity: the facility local7. `level` is a value of --level.
unsigned pri_of_level(std::string_view level);

/// Collects lines as one body for POST /logs: octet-counted frames (RFC 6587 section 3.4.1) of RFC 5424 messages, each
/// with a final newline. Text too long for a frame of 10,240 bytes continues in another frame, cut between characters.
class FrameBatch {
 public:
  explicit FrameBatch(SendHeader header) : header_(std::move(header)) {}

  /// Adds one line; `line` has no newline.
  void add(std::string_view line, WallTime now);
  bool full() const { return frames_ >= 500 || body_.size() >= (std::size_t{256} << 10); }
  std::size_t frames() const { return frames_; }
  const std::string& body() const { return body_; }
  void clear();

 private:
  void add_frame(std::string_view header, std::string_view text);

  SendHeader header_;
  std::string body_;
  std::size_t frames_ = 0;
};

/// Splits the bytes of a pipe into lines; the last line may have no newline.
class LineCutter {
 public:
  void feed(std::string_view bytes) { pending_.append(bytes); }
  /// Takes the next complete line; without a newline, cuts after 1 MiB. False: there is no line yet.
  bool take(std::string& line);
  /// The incomplete line that is left at the end of the input.
  std::string rest();

 private:
  std::string pending_;
  std::size_t used_ = 0;
};

}  // namespace sluice::cli
