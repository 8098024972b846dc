#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "logplex/base/bytes/copy_text.hpp"
#include "router/message/head.hpp"

namespace sluice::router::http1 {

/// Appends bytes to a buffer that is known to be large enough.
class HeadWriter {
 public:
  explicit HeadWriter(char* out) : begin_(out), at_(out) {}

  void put(std::string_view text) { at_ = copy_text(text, at_); }
  /// The compiler knows the size, so this is a few stores. To keep that, choose between two literals with `if`, not
  /// with `? :`.
  template <std::size_t kSize>
  void put(const char (&literal)[kSize]) {
    std::memcpy(at_, literal, kSize - 1);
    at_ += kSize - 1;
  }
  void put(std::uint64_t number) { at_ = std::to_chars(at_, at_ + 20, number).ptr; }
  /// Reserves `size` bytes for the caller to fill.
  char* take(std::size_t size) {
    char* room = at_;
    at_ += size;
    return room;
  }
  Span put_span(std::string_view text) {
    const Span span{static_cast<std::uint32_t>(at_ - begin_), static_cast<std::uint32_t>(text.size())};
    put(text);
    return span;
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(at_ - begin_); }

 private:
  char* begin_;
  char* at_;
};

/// Copies the lines of the head's fields that `keep` accepts. Adjacent lines take one copy (11 ns a head against 27 ns
/// line by line, 2026-11-22).
template <class Keep>
void put_kept_fields(HeadWriter& out, const MessageHead& head, Keep&& keep) {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  for (const Field& field : head.fields) {
    if (!keep(field)) continue;
    if (field.at != to) {
      out.put(head.text({from, to - from}));
      from = field.at;
    }
    to = field.end;
  }
  out.put(head.text({from, to - from}));
}

}  // namespace sluice::router::http1
