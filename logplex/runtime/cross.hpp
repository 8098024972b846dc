#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "logplex/runtime/event.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice {

/// Runs `f()` in a turn of shard `to` and resumes the caller, on its own shard, with the value. For control messages:
/// costs two mails, sent with wait_if_full. `f` owns what it uses. A cancelled caller ends at once; the value is
/// discarded.
template <class F, class R = std::invoke_result_t<F&>>
Task<R> call_on(std::uint32_t to, F f) {
  static_assert(!std::is_void_v<R>, "return a value, for example true");
  struct Answer {
    explicit Answer(Shard& shard) : ready(shard) {}
    Event ready;
    std::optional<R> value;
  };
  Shard& home = Shard::current();
  auto answer = std::make_shared<Answer>(home);
  const std::uint32_t back = home.id();
  home.send(to, make_mail([answer, back, f = std::move(f)]() mutable {
              auto value = std::make_shared<R>(f());
              Shard::current().send(back, make_mail([answer = std::move(answer), value = std::move(value)]() mutable {
                                      answer->value.emplace(std::move(*value));
                                      answer->ready.set();
                                    }));
            }));
  while (!answer->value) co_await answer->ready.wait();
  co_return std::move(*answer->value);
}

}  // namespace sluice
