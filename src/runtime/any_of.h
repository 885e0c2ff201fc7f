// any_of: runs several tasks at once, ends with the first that returns, and awaits the losers, which are cancelled.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "runtime/scope.h"
#include "runtime/signal.h"
#include "runtime/task.h"

namespace hf::runtime {

namespace detail {

struct Race {
  explicit Race(EventLoop& loop) : scope(loop), decided(loop) {}
  Scope scope;
  Signal decided;
  std::size_t winner = static_cast<std::size_t>(-1);
};

template <typename Function>
Task<void> race_leg(Race* race, std::size_t index, Function function) {
  co_await std::invoke(function);
  if (race->winner == static_cast<std::size_t>(-1)) {
    race->winner = index;
    race->decided.notify_all();
  }
}

}  // namespace detail

/// Each function is called without arguments and returns Task<void>; results go where the functions put them (state
/// that outlives this call). Returns the index of the first to end, after all have ended. When the awaiting task is
/// cancelled all legs are cancelled too.
template <typename... Functions>
Task<std::size_t> any_of(EventLoop& loop, Functions... functions) {
  detail::Race race(loop);
  std::size_t index = 0;
  (race.scope.spawn("any_of", detail::race_leg<Functions>, &race, index++, std::move(functions)), ...);
  if (race.winner == static_cast<std::size_t>(-1)) {
    const Result<void> waited = co_await race.decided.wait(Deadline::never());
    (void)waited;  // cancelled or decided: either way the legs end now
  }
  race.scope.cancel();
  co_await race.scope.join();
  co_return race.winner;
}

}  // namespace hf::runtime
