#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::cli {

/// One server-sent event (WHATWG HTML, section 9.2).
struct StreamEvent {
  std::string type;  // "message" if the server named none
  std::string data;
  std::string id;  // the last event id, even if another event set it
};

/// Turns bytes into events, however the bytes are split. Owned by one reader. Make a new one for each connection, with
/// the last id of the previous one. If an event is larger than 16 MiB, feed() returns false and the connection is
/// unusable.
class EventParser {
 public:
  using Sink = std::function<void(StreamEvent&&)>;

  explicit EventParser(std::string last_id = {}) : last_id_(std::move(last_id)) {}

  /// Calls sink for each event that the bytes complete. False: the current event is too large.
  bool feed(std::string_view bytes, const Sink& sink);
  /// What to send as Last-Event-ID if the connection breaks now.
  const std::string& last_id() const { return last_id_; }
  /// The pause that the server asked for with `retry:`, in milliseconds.
  std::optional<std::uint32_t> retry_ms() const { return retry_ms_; }

 private:
  void take_line(std::string_view line, const Sink& sink);
  void take_field(std::string_view name, std::string_view value);
  void dispatch(const Sink& sink);

  std::string line_;
  bool skip_lf_ = false;  // the previous line ended in CR; an LF now belongs to it
  bool started_ = false;  // past the place of a byte order mark
  std::string type_;
  std::string data_;
  std::string id_;
  bool id_set_ = false;
  std::string last_id_;
  std::optional<std::uint32_t> retry_ms_;
};

}  // namespace sluice::cli
