#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "router/http1/fields.hpp"

namespace sluice::router::http1 {

/// The common part of RequestParser and ResponseParser: a first line, header lines one by one, an empty line. `Message`
/// (the derived class) adds the meaning of its first line and its fields:
///
///     Progress read_first_line(std::size_t size);   // kDone: the header lines begin
///     HeadError on_field(const Field& field);       // one that is not kOther
///     HeadError finish();                           // the empty line has come
template <class Message>
class HeadParser {
 public:
  /// Parses the head received so far; see RequestParser.
  Progress parse(const char* head, std::size_t size);
  HeadError error() const { return error_; }
  /// The head's size; after kDone.
  std::size_t consumed() const { return lines_.consumed(); }
  const std::vector<Field>& fields() const { return fields_.all(); }
  bool has(FieldKind kind) const { return fields_.has(kind); }
  std::string_view text(Span span) const { return {head_ + span.at, span.size}; }

 protected:
  explicit HeadParser(const HeadLimits& limits) : limits_(limits) {}

  void reset_head() {
    lines_.reset();
    fields_.reset();
    step_ = Step::kFirstLine;
    error_ = HeadError::kNone;
    minor_version_ = 1;
    content_length_ = {};
    transfer_encoding_ = {};
    connection_ = {};
  }
  Progress fail(HeadError error) {
    error_ = error;
    step_ = Step::kFailed;
    return Progress::kError;
  }

  HeadLimits limits_;
  const char* head_ = nullptr;
  LineScanner lines_;
  FieldList fields_;
  std::uint8_t minor_version_ = 1;
  ContentLength content_length_;
  TransferEncoding transfer_encoding_;
  ConnectionOptions connection_;

 private:
  enum class Step : std::uint8_t { kFirstLine, kFields, kDone, kFailed };

  Message& message() { return static_cast<Message&>(*this); }
  Progress read_fields(std::size_t size);

  Step step_ = Step::kFirstLine;
  HeadError error_ = HeadError::kNone;
};

template <class Message>
Progress HeadParser<Message>::parse(const char* head, std::size_t size) {
  head_ = head;
  if (step_ == Step::kFirstLine) {
    const Progress line = message().read_first_line(size);
    if (line != Progress::kDone) return line;
    step_ = Step::kFields;
  }
  if (step_ == Step::kFields) return read_fields(size);
  return step_ == Step::kDone ? Progress::kDone : Progress::kError;
}

template <class Message>
Progress HeadParser<Message>::read_fields(std::size_t size) {
  const LineScanner::Bounds bounds{limits_.line, limits_.head, HeadError::kHeaderValueTooLong};
  for (;;) {
    Span line;
    const Progress found = lines_.next(head_, size, bounds, line);
    if (found == Progress::kMore) return found;
    if (found == Progress::kError) return fail(lines_.error());
    HeadError error = HeadError::kNone;
    if (line.size == 0) {
      error = message().finish();
      if (error != HeadError::kNone) return fail(error);
      step_ = Step::kDone;
      return Progress::kDone;
    }
    error = fields_.add(head_, line, limits_);
    if (error == HeadError::kNone && fields_.last().kind != FieldKind::kOther)
      error = message().on_field(fields_.last());
    if (error != HeadError::kNone) return fail(error);
  }
}

}  // namespace sluice::router::http1
