#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::cli {

/// One server-sent event (WHATWG HTML, section 9.2).
struct StreamEvent {
  std::string type;  // "message" when the server named none
  std::string data;
  std::string id;  // the last event id in force, also when this event did not set it
};

/// Bytes in, events out, however the bytes are cut. Owned by one reader; a new one for each connection, started with
/// the last id of the one before. An event of more than 16 MiB is given up: feed() answers false and the connection is
/// bad.
class EventParser {
 public:
  using Sink = std::function<void(StreamEvent&&)>;

  explicit EventParser(std::string last_id = {}) : last_id_(std::move(last_id)) {}

  /// Calls sink for each event that the bytes complete. False: the event in progress is too large.
  bool feed(std::string_view bytes, const Sink& sink);
  /// What to send as Last-Event-ID when the connection breaks now.
  const std::string& last_id() const { return last_id_; }
  /// What the server asked for with `retry:`, in milliseconds.
  std::optional<std::uint32_t> retry_ms() const { return retry_ms_; }

 private:
  void take_line(std::string_view line, const Sink& sink);
  void take_field(std::string_view name, std::string_view value);
  void dispatch(const Sink& sink);

  std::string line_;
  bool skip_lf_ = false;  // the line before ended in CR; an LF now belongs to it
  bool started_ = false;  // the byte order mark can no longer come
  std::string type_;
  std::string data_;
  std::string id_;
  bool id_set_ = false;
  std::string last_id_;
  std::optional<std::uint32_t> retry_ms_;
};

}  // namespace sluice::cli
