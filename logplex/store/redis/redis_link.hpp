#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "logplex/base/rng.hpp"
#include "logplex/store/redis/redis_connection.hpp"
#include "logplex/store/redis/redis_url.hpp"

namespace sluice {

/// Where Redis is and how to connect to it.
struct RedisTarget {
  RedisUrl url;
  std::shared_ptr<const TlsContext> tls;  // set when the URL asks for it
};

/// A connection that is logged in to a master.
struct RedisLink {
  std::shared_ptr<RedisConnection> connection;
  std::string run_id;  // identifies this run of the server; empty when unknown
  std::string where;   // "host:port"
};

/// Asks the sentinels, if any, for the master; connects, logs in, selects the database and checks that the server is a
/// master. In a Redis Cluster it follows redirections to the one master that holds the keys; they share one hash tag.
/// All within `timeout`. Errors name the server; kConnectFailed when it is a replica.
Task<result<RedisLink, Error>> link_redis(Gate& gate, Dialer& dialer, RedisTarget target, Duration timeout);

/// A connection to a sentinel, and the master that it named.
struct SentinelLink {
  std::shared_ptr<RedisConnection> connection;
  HostPort master;
};
/// Connects to the first sentinel that knows the master.
Task<result<SentinelLink, Error>> link_sentinel(Gate& gate, Dialer& dialer, RedisTarget target, Duration timeout);
/// The master in a sentinel's reply to get-master-addr-by-name.
std::optional<HostPort> master_in(const RedisReply& reply);
/// "host:port", as in RedisLink::where.
std::string text_of(const HostPort& server);

/// The value after `name` (which ends with a colon) in a reply to INFO; empty when there is none.
std::string info_field(std::string_view info, std::string_view name);

/// Runs one of our scripts, by digest, with all keys and this argument. Sends its text when the server does not have
/// it. Errors as RedisConnection::call().
Task<result<RedisReply, Error>> run_script(std::shared_ptr<RedisConnection> connection, std::string_view name,
                                           std::string argument, Duration timeout);

}  // namespace sluice
