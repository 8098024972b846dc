#pragma once

#include <cstdint>
#include <string_view>

#include "router/http1/fields.hpp"

namespace sluice::router::http1 {

/// The common part of RequestParser and ResponseParser: a first line, header lines one by one, an empty line. It fills
/// in a `Head`. `Message` (the derived class) adds the meaning of its first line and its fields:
///
///     Progress read_first_line(std::size_t size);   // kDone: the header lines begin
///     HeadError on_field(const Field& field);       // one that is not kOther
///     HeadError finish();                           // the empty line has come
template <class Message, class Head>
class HeadParser {
 public:
  /// Parses the head received so far; see RequestParser.
  Progress parse(const char* head, std::size_t size);
  HeadError error() const { return error_; }
  /// What the head says; after kDone.
  const Head& head() const { return head_; }
  /// The head's size; after kDone.
  std::size_t consumed() const { return lines_.consumed(); }

 protected:
  explicit HeadParser(const HeadLimits& limits) : limits_(limits) {}

  void reset_head() {
    lines_.reset();
    fields_.reset();
    step_ = Step::kFirstLine;
    error_ = HeadError::kNone;
    head_ = Head();
    transfer_encoding_ = {};
    connection_ = {};
  }
  Progress fail(HeadError error) {
    error_ = error;
    step_ = Step::kFailed;
    return Progress::kError;
  }

  HeadLimits limits_;
  std::string_view text(Span span) const { return head_.text(span); }
  const char* bytes() const { return head_.block; }
  HeadError read_coding(std::string_view value) {
    head_.chunked = true;
    return transfer_encoding_.read(value);
  }

  Head head_;
  LineScanner lines_;
  FieldList fields_;
  TransferEncoding transfer_encoding_;
  ConnectionOptions connection_;

 private:
  enum class Step : std::uint8_t { kFirstLine, kFields, kDone, kFailed };

  Message& message() { return static_cast<Message&>(*this); }
  Progress read_fields(std::size_t size);

  Step step_ = Step::kFirstLine;
  HeadError error_ = HeadError::kNone;
};

template <class Message, class Head>
Progress HeadParser<Message, Head>::parse(const char* head, std::size_t size) {
  head_.block = head;
  if (step_ == Step::kFirstLine) {
    const Progress line = message().read_first_line(size);
    if (line != Progress::kDone) return line;
    step_ = Step::kFields;
  }
  if (step_ == Step::kFields) return read_fields(size);
  return step_ == Step::kDone ? Progress::kDone : Progress::kError;
}

template <class Message, class Head>
Progress HeadParser<Message, Head>::read_fields(std::size_t size) {
  const LineScanner::Bounds bounds{limits_.line, limits_.head, HeadError::kHeaderValueTooLong};
  for (;;) {
    Span line;
    const Progress found = lines_.next(bytes(), size, bounds, line);
    if (found == Progress::kMore) return found;
    if (found == Progress::kError) return fail(lines_.error());
    HeadError error = HeadError::kNone;
    if (line.size == 0) {
      error = message().finish();
      if (error != HeadError::kNone) return fail(error);
      step_ = Step::kDone;
      head_.size = static_cast<std::uint32_t>(lines_.consumed());
      fields_.show_in(head_);
      return Progress::kDone;
    }
    error = fields_.add(bytes(), line, limits_);
    if (error == HeadError::kNone && fields_.last().kind != FieldKind::kOther)
      error = message().on_field(fields_.last());
    if (error != HeadError::kNone) return fail(error);
  }
}

}  // namespace sluice::router::http1
