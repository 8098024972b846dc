#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/net/address_text.hpp"

namespace sluice {

/// User and password for a server; both may be empty. Views into a RedisUrl.
struct RedisLogin {
  std::string_view user;
  std::string_view password;
};
/// The AUTH command with user and password, as far as they are set; empty when neither is.
std::vector<std::string_view> login_command(const RedisLogin& login);

/// The content of a `redis://`, `rediss://`, `redis+sentinel://` or `rediss+sentinel://` URL.
///
///     redis://[user[:password]@]host[:port][,host[:port]...][/database]       port 6379 unless given
///     redis+sentinel://[user[:password]@]host[:port][,host[:port]...]/MASTER[/database][?sentinel_user=...
///                      &sentinel_password=...]                                port 26379 unless given
///     rediss://, rediss+sentinel://                       the same over TLS, also to the sentinels
///
/// Several hosts without sentinels are nodes of one Redis Cluster: any of them names the node that holds the keys.
struct RedisUrl {
  std::vector<HostPort> servers;  // with sentinels: the sentinels
  std::string master;             // with sentinels: name of the master; otherwise empty
  std::string user;               // empty = the default user
  Secret password;
  std::string sentinel_user;  // login for the sentinels; without it, user and password
  Secret sentinel_password;
  std::uint32_t database = 0;
  bool tls = false;

  bool sentinels() const { return !master.empty(); }
  RedisLogin login() const { return {user, password.reveal()}; }
  RedisLogin for_sentinel() const {
    const bool own = !sentinel_password.reveal().empty();
    return own ? RedisLogin{sentinel_user, sentinel_password.reveal()} : login();
  }
  /// "redis.example.com:6379": for logs and errors.
  std::string where() const;
};

/// True for the schemes above.
bool is_redis_url(std::string_view text);
/// Checks `store.url`: "embedded:", or a URL as above. The error says what is wrong with it.
result<void, Error> check_store_url(const Secret& url);
/// The error says what is wrong and never contains a password.
result<RedisUrl, Error> parse_redis_url(std::string_view text);

}  // namespace sluice
