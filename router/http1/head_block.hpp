#pragma once

#include <string>
#include <string_view>

#include "router/http1/fields.hpp"
#include "router/message/head.hpp"

namespace sluice::router::http1 {

/// Makes the block of a head whose fields did not come as lines of HTTP/1: those of another protocol, or of an answer
/// of our own. Fields are checked as strictly as lines are. Keeps its memory for the next head.
///
///     block.clear();
///     head.method_at = block.put("GET");
///     block.add("accept", "*/*");
///     block.show_in(head);
class HeadBlock {
 public:
  explicit HeadBlock(const HeadLimits& limits) : limits_(limits) {}

  void clear();
  /// Adds what is no field, such as a method, a target or a status with its reason. The caller has checked it.
  Span put(std::string_view text);
  /// Adds a field. Returns kNone or what is wrong with it; then the head must not be used.
  HeadError add(std::string_view name, std::string_view value);
  /// Makes `head` show the block and its fields, until the next change here.
  void show_in(MessageHead& head) const;

 private:
  HeadLimits limits_;
  std::string block_;
  FieldList fields_;
};

}  // namespace sluice::router::http1
