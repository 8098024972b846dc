#pragma once

#include "logplex/net/dial/resolver.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {

/// Resolves names of backends with the process's resolver, which outlives it. One per shard or one for all.
class NameResolver final : public BackendResolver {
 public:
  NameResolver(Resolver& resolver, Duration timeout) : resolver_(resolver), timeout_(timeout) {}

  Task<result<Resolver::Addresses, Error>> resolve(NameQuery query) override {
    query.timeout = timeout_;
    return resolver_.resolve(std::move(query));
  }

 private:
  Resolver& resolver_;
  const Duration timeout_;
};

}  // namespace sluice::router
