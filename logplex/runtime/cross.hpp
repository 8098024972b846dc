#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "logplex/runtime/reply.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice {

/// Runs `f()` in a turn of shard `to` and resumes the caller, on its own shard, with the value. For control messages:
/// costs two mails. `f` owns what it uses. A cancelled caller ends at once; the value is
/// discarded.
template <class F, class R = std::invoke_result_t<F&>>
Task<R> call_on(std::uint32_t to, F f) {
  static_assert(!std::is_void_v<R>, "return a value, for example true");
  Shard& home = Shard::current();
  auto reply = std::make_shared<Reply<R>>();
  const std::uint32_t back = home.id();
  home.send(to, make_mail([reply, back, f = std::move(f)]() mutable {
              auto value = std::make_shared<R>(f());
              Shard::current().send(back, make_mail([reply = std::move(reply), value = std::move(value)]() mutable {
                                      reply->set(std::move(*value));
                                    }));
            }));
  co_return co_await reply->get();
}

}  // namespace sluice
