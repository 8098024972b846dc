#include "logplex/cli/client/event_stream.hpp"

#include <charconv>

namespace sluice::cli {
namespace {

constexpr std::size_t kLargestEvent = std::size_t{16} << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

bool EventParser::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    if (skip_lf_ && bytes.front() == '\n') bytes.remove_prefix(1);
    skip_lf_ = false;
    const std::size_t end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() + data_.size() > kLargestEvent) return false;
    if (end == std::string_view::npos) return true;
    skip_lf_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    const std::string line = std::move(line_);
    line_.clear();
    take_line(line, sink);
  }
  return true;
}

void EventParser::take_line(std::string_view line, const Sink& sink) {
  if (!started_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  started_ = true;
  if (line.empty()) return dispatch(sink);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return take_field(line, {});
  std::string_view value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  take_field(line.substr(0, colon), value);
}

void EventParser::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    data_.append(value);
    data_.push_back('\n');
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    id_ = value;
    id_set_ = true;
  } else if (name == "retry") {
    std::uint32_t milliseconds = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    if (code == std::errc{} && end == value.data() + value.size()) retry_ms_ = milliseconds;
  }
}

void EventParser::dispatch(const Sink& sink) {
  if (id_set_) last_id_ = id_;
  id_set_ = false;
  std::string type = std::move(type_);
  std::string data = std::move(data_);
  type_.clear();
  data_.clear();
  if (data.empty()) return;
  data.pop_back();
  sink(StreamEvent{type.empty() ? "message" : std::move(type), std::move(data), last_id_});
}

}  // namespace sluice::cli
