// What a message from one shard to another costs, both ends together, and the same through asio::post. One thread plays
// both sides, so that neither waits for the other; `together` are sent in one turn and share its wake-up.
#include <cstdint>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "logplex/base/check.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice {
namespace {

void report(benchmark::State& state, std::uint64_t delivered) {
  SLUICE_CHECK(delivered == static_cast<std::uint64_t>(state.iterations() * state.range(0)));
  state.SetItemsProcessed(static_cast<std::int64_t>(delivered));
}

void ring_alone(benchmark::State& state) {
  Mailbox mailbox(1024);
  std::uint64_t delivered = 0;
  for (auto step : state) {
    static_cast<void>(step);
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      auto mail = make_mail([&delivered] { ++delivered; });
      SLUICE_CHECK(mailbox.try_push(mail));
    }
    while (const auto mail = mailbox.try_pop()) mail->deliver();
  }
  report(state, delivered);
}
BENCHMARK(ring_alone)->ArgName("together")->Arg(1)->Arg(64);

void shard_to_shard(benchmark::State& state) {
  SystemClock clock;
  Runtime runtime(2, clock);
  std::uint64_t delivered = 0;
  for (auto step : state) {
    static_cast<void>(step);
    {
      ShardScope on(runtime.shard(0));
      for (std::int64_t i = 0; i < state.range(0); ++i)
        runtime.shard(0).send(1, make_mail([&delivered] { ++delivered; }));
      runtime.shard(0).turn();
    }
    ShardScope on(runtime.shard(1));
    runtime.shard(1).turn();
  }
  report(state, delivered);
}
BENCHMARK(shard_to_shard)->ArgName("together")->Arg(1)->Arg(64);

void asio_post(benchmark::State& state) {
  boost::asio::io_context context(1);
  std::uint64_t delivered = 0;
  for (auto step : state) {
    static_cast<void>(step);
    for (std::int64_t i = 0; i < state.range(0); ++i) boost::asio::post(context, [&delivered] { ++delivered; });
    context.restart();
    context.poll();
  }
  report(state, delivered);
}
BENCHMARK(asio_post)->ArgName("together")->Arg(1)->Arg(64);

}  // namespace
}  // namespace sluice
