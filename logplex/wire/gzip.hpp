#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "logplex/wire/error.hpp"

struct z_stream_s;

namespace sluice {

/// Unpacks a gzip stream (RFC 1952, one or more members) piece by piece as it arrives. Holds about 40 KiB. Belongs to
/// one request; useless after an error.
class GzipReader {
 public:
  /// `limit`: most bytes that all output together may have.
  explicit GzipReader(std::size_t limit);
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  /// Appends what `bytes` unpack to. kBadGzip: damaged. kTooLarge: the limit is passed; nothing beyond it is kept.
  result<void> feed(std::string_view bytes, std::string& out);
  /// kBadGzip when the stream stops before its end.
  result<void> finish() const;

 private:
  result<void> inflate_some(std::string& out);

  std::unique_ptr<z_stream_s> stream_;
  std::size_t left_;
  bool member_ended_ = false;
};

/// Compresses into one gzip member, for bytes that we send.
std::string gzip(std::string_view bytes);

}  // namespace sluice
