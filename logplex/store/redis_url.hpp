#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/net/address_text.hpp"

namespace sluice {

/// What a `redis://`, `rediss://` or `redis+sentinel://` URL says.
///
///     redis://[user[:password]@]host[:port][/database]
///     rediss://...                                       the same over TLS
///     redis+sentinel://[user[:password]@]host[:port],host[:port].../MASTER[/database]      port 26379 unless given
struct RedisUrl {
  std::vector<HostPort> servers;  // one; with sentinels, those to ask for the master
  std::string master;             // its name, with sentinels; otherwise empty
  std::string user;               // empty = the default user
  Secret password;
  std::uint32_t database = 0;
  bool tls = false;

  bool sentinels() const { return !master.empty(); }
  /// "redis.example.com:6379": for logs and errors.
  std::string where() const;
};

/// True for the schemes above.
bool is_redis_url(std::string_view text);
/// What `store.url` may be: "embedded:", or one of these. The error says what is wrong with it.
result<void, Error> check_store_url(const Secret& url);
/// The error says what is wrong, and never repeats a password.
result<RedisUrl, Error> parse_redis_url(std::string_view text);

}  // namespace sluice
