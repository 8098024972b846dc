#pragma once

#include "logplex/net/dial/resolver.hpp"
#include "router/proxy_shard.hpp"

namespace sluice::router {

/// Backends' names through the process's resolver. One per shard or one for all; the resolver outlives it.
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
