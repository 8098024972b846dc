#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "logplex/base/rng.hpp"
#include "logplex/store/redis/redis_connection.hpp"
#include "logplex/store/redis/redis_url.hpp"

namespace sluice {

/// Where Redis is and how to speak to it.
struct RedisTarget {
  RedisUrl url;
  std::shared_ptr<const TlsContext> tls;  // set when the URL asks for it
};

/// A connection that is logged in to a master.
struct RedisLink {
  std::shared_ptr<RedisConnection> connection;
  std::string run_id;  // of this run of the server; empty when it does not say
  std::string where;   // "host:port"
};

/// Asks the sentinels where the master is, when there are any; connects, logs in, chooses the database, and makes sure
/// that it is a master. A node of a Redis Cluster says who holds the keys, which is one of its masters: they have one
/// hash tag. All within the time. Errors name the server; kConnectFailed when it is a replica.
Task<result<RedisLink, Error>> link_redis(Gate& gate, Dialer& dialer, RedisTarget target, Duration timeout);

/// A connection to a sentinel, and the master that it named.
struct SentinelLink {
  std::shared_ptr<RedisConnection> connection;
  HostPort master;
};
/// The first sentinel that knows the master.
Task<result<SentinelLink, Error>> link_sentinel(Gate& gate, Dialer& dialer, RedisTarget target, Duration timeout);
/// The master in a sentinel's answer to get-master-addr-by-name.
std::optional<HostPort> master_in(const RedisReply& reply);
/// "host:port", as RedisLink::where.
std::string text_of(const HostPort& server);

/// What stands behind this name (with its colon) in the answer to INFO; empty when nothing does.
std::string info_field(std::string_view info, std::string_view name);

/// Runs a script of ours with all keys and this argument, by its digest; its text is sent when the server asks for it.
/// Errors as RedisConnection::call().
Task<result<RedisReply, Error>> run_script(std::shared_ptr<RedisConnection> connection, std::string_view name,
                                           std::string argument, Duration timeout);

}  // namespace sluice
