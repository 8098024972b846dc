#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "logplex/base/clock.hpp"
#include "logplex/base/result.hpp"

namespace sluice::cli {

/// What every line that `send` writes has in its header.
struct SendHeader {
  unsigned pri = 190;
  std::string host;
  std::string source;
  std::string process;
};

/// Error: kUsage, when a field is empty, longer than 255 bytes, or not printable ASCII without blanks (RFC 5424 section
/// 6).
result<void, Error> check_send_header(const SendHeader& header);
/// 184 + severity: the facility local7. `level` is one that --level takes.
unsigned pri_of_level(std::string_view level);

/// Lines as one body for POST /logs: octet-counted frames (RFC 6587 section 3.4.1) of RFC 5424 messages, each with its
/// final newline. Text too long for a frame of 10,240 bytes goes on in a further frame, cut between characters.
class FrameBatch {
 public:
  explicit FrameBatch(SendHeader header) : header_(std::move(header)) {}

  /// One line without its newline.
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

/// Cuts what a pipe delivers into lines; a last line may come without newline.
class LineCutter {
 public:
  void feed(std::string_view bytes) { pending_.append(bytes); }
  /// Takes the next complete line, or the rest after a mebibyte without a newline. False: there is none yet.
  bool take(std::string& line);
  /// What is left at the end of the input.
  std::string rest();

 private:
  std::string pending_;
  std::size_t used_ = 0;
};

}  // namespace sluice::cli
