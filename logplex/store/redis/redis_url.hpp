#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "logplex/base/result.hpp"
#include "logplex/base/secret.hpp"
#include "logplex/net/address_text.hpp"

namespace sluice {

/// Who to be for a server; both may be empty. Views into a RedisUrl.
struct RedisLogin {
  std::string_view user;
  std::string_view password;
};
/// AUTH with what there is of it; empty when there is nothing.
std::vector<std::string_view> login_command(const RedisLogin& login);

/// What a `redis://`, `rediss://`, `redis+sentinel://` or `rediss+sentinel://` URL says.
///
///     redis://[user[:password]@]host[:port][,host[:port]...][/database]       port 6379 unless given
///     redis+sentinel://[user[:password]@]host[:port][,host[:port]...]/MASTER[/database][?sentinel_user=...
///                      &sentinel_password=...]                                port 26379 unless given
///     rediss://, rediss+sentinel://                       the same over TLS, to sentinels too
///
/// Several hosts without sentinels are nodes of one Redis Cluster: any that answers says who holds the keys.
struct RedisUrl {
  std::vector<HostPort> servers;  // with sentinels, those to ask for the master
  std::string master;             // its name, with sentinels; otherwise empty
  std::string user;               // empty = the default user
  Secret password;
  std::string sentinel_user;  // what sentinels are told that ask for a password; without it, user and password
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
/// What `store.url` may be: "embedded:", or one of these. The error says what is wrong with it.
result<void, Error> check_store_url(const Secret& url);
/// The error says what is wrong, and never repeats a password.
result<RedisUrl, Error> parse_redis_url(std::string_view text);

}  // namespace sluice
