#include "logplex/wire/gzip.hpp"

#include <array>

#include <zlib.h>

#include "logplex/base/check.hpp"

namespace sluice {
namespace {

constexpr int kGzipOnly = 15 + 16;  // window bits; no zlib or raw streams

Bytef* mutable_bytes(std::string_view bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));  // zlib's interface lacks const
}

}  // namespace

GzipReader::GzipReader(std::size_t limit) : stream_(std::make_unique<z_stream>()), left_(limit) {
  SLUICE_CHECK(inflateInit2(stream_.get(), kGzipOnly) == Z_OK);
}

GzipReader::~GzipReader() { inflateEnd(stream_.get()); }

result<void> GzipReader::feed(std::string_view bytes, std::string& out) {
  stream_->next_in = mutable_bytes(bytes);
  stream_->avail_in = static_cast<uInt>(bytes.size());
  while (stream_->avail_in > 0) {
    if (member_ended_) {
      if (inflateReset(stream_.get()) != Z_OK) return WireError::kBadGzip;
      member_ended_ = false;
    }
    SLUICE_TRY_VOID(inflate_some(out));
  }
  return {};
}

/// Unpacks until the input is used up or the member ends, one piece of output at a time.
result<void> GzipReader::inflate_some(std::string& out) {
  std::array<Bytef, 16384> piece;
  do {
    stream_->next_out = piece.data();
    stream_->avail_out = piece.size();
    const int status = inflate(stream_.get(), Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return WireError::kBadGzip;
    const std::size_t produced = piece.size() - stream_->avail_out;
    if (produced > left_) return WireError::kTooLarge;
    left_ -= produced;
    out.append(reinterpret_cast<const char*>(piece.data()), produced);
    member_ended_ = status == Z_STREAM_END;
  } while (stream_->avail_out == 0 && !member_ended_);
  return {};
}

result<void> GzipReader::finish() const {
  if (!member_ended_) return WireError::kBadGzip;
  return {};
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  SLUICE_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipOnly, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = mutable_bytes(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  SLUICE_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace sluice
