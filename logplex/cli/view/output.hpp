#pragma once

#include <string>
#include <string_view>

#include "logplex/base/result.hpp"

namespace sluice::cli {

/// Where a command prints.
class Output {
 public:
  virtual ~Output() = default;
  /// Everything is written when it returns; nothing is buffered. Error: kOutputClosed if nobody reads any more.
  virtual result<void, Error> write(std::string_view text) = 0;
};

/// Writes to a file descriptor, which the caller keeps. SIGPIPE must be ignored.
class DescriptorOutput final : public Output {
 public:
  explicit DescriptorOutput(int fd) : fd_(fd) {}
  result<void, Error> write(std::string_view text) override;

 private:
  int fd_;
};

/// Keeps what is written. For tests.
class StringOutput final : public Output {
 public:
  result<void, Error> write(std::string_view text) override {
    text_ += text;
    return {};
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace sluice::cli
