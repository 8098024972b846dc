#pragma once

#include <chrono>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice {

namespace asio = boost::asio;

/// Every socket, timer and task uses a shard's own executor type; any_io_executor is not used.
using Executor = asio::io_context::executor_type;

/// A coroutine on one shard. Parameters by value, or references to things that outlive the shard.
template <class T = void>
using Task = asio::awaitable<T, Executor>;

/// Completion token of asynchronous operations: co_await gives the value, or throws what Asio throws.
inline constexpr asio::use_awaitable_t<Executor> use_task{};
/// The usual one: co_await gives a tuple that begins with the error_code.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> use_tuple{};

using SteadyTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

}  // namespace sluice
