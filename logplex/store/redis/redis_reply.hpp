#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/net/address_text.hpp"

struct redisReader;

namespace sluice {

/// One RESP2 value sent by a Redis server.
struct RedisReply {
  enum class Kind : std::uint8_t { kNil, kText, kStatus, kError, kNumber, kList };

  Kind kind = Kind::kNil;
  std::string text;  // of kText, kStatus, kError
  std::int64_t number = 0;
  std::vector<RedisReply> list;

  bool is_nil() const { return kind == Kind::kNil; }
  bool is_error() const { return kind == Kind::kError; }
  /// The first word of an error: "NOSCRIPT", "OOM", "READONLY".
  std::string_view error_code() const;
  /// True for an error that means "not here" or "not now": the server did nothing, and a retry may help.
  bool is_not_now() const;
  /// The node that a MOVED error of a Redis Cluster names as the holder of the key. `asked`: host of the replying node,
  /// used when the error leaves out the host.
  std::optional<HostPort> moved_to(const std::string& asked) const;
  /// The text at this index of a list; empty when there is none.
  const std::string& text_at(std::size_t index) const;
  /// The number at this index of a list, or in the text there; 0 when there is none.
  std::uint64_t number_at(std::size_t index) const;
};

/// The number, if the whole text is a decimal number.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

/// Encodes a command: one length-prefixed string per part.
std::string format_command(const std::vector<std::string_view>& parts);

/// Parses replies from the bytes of a connection, however the bytes are split. Malformed bytes are an error, and so is
/// a reply of more than `max_bytes`; after an error, close the connection.
class RedisReplyReader {
 public:
  explicit RedisReplyReader(std::size_t max_bytes);
  RedisReplyReader(const RedisReplyReader&) = delete;
  RedisReplyReader& operator=(const RedisReplyReader&) = delete;
  ~RedisReplyReader();

  void feed(std::string_view bytes);
  /// None when more bytes are needed.
  result<std::optional<RedisReply>, Error> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };

  std::size_t max_bytes_;
  std::size_t pending_bytes_ = 0;  // fed since the last whole reply
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace sluice
