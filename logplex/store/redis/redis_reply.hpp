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

/// One value of a Redis server, as RESP2 gives it.
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
  /// True for an error that says: not here, or not now; nothing was done, and another attempt may help.
  bool is_not_now() const;
  /// Where a node of a Redis Cluster says that the key is, when that is what it says. `asked` is its own host, which it
  /// may leave out.
  std::optional<HostPort> moved_to(const std::string& asked) const;
  /// The text at this place of a list; empty when there is none.
  const std::string& text_at(std::size_t index) const;
  /// The number at this place of a list, or in the text there; 0 when there is none.
  std::uint64_t number_at(std::size_t index) const;
};

/// The whole of a text as a decimal number.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

/// A command as the server takes it: one length-prefixed string per part.
std::string format_command(const std::vector<std::string_view>& parts);

/// Bytes of a connection in, replies out, however they are cut. Hostile bytes are an error, and so is a reply of more
/// than `max_bytes`; after an error the connection is of no use any more.
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
