// Places: how many connections there may be to one server, over all shards, and who is next when there are none left.
// Knows no
// protocol: whoever holds a place is a PlaceHolder, each with a PlaceDesk on its own thread; who waits does so on a
// PlaceWait.
//
//   join -> queued -> granted -> collected: the wait ends with a place
//             |          |
//             |          +-> handed something over, cancelled: the place goes to the next in the queue
//             +-> handed something over, deadline, cancelled: out of the queue
//
// Owner: Places is shared by the view and the desks; a desk belongs to a shard's pool, a wait to the frame that awaits
// it.
// Thread: Places any; a desk and its waits that of the desk's loop. A place that is granted to another thread is told
// there by EventLoop::post. Invariants:
//   1. No more places are taken than there are, except after the limit was lowered: then none is granted until enough
//      came back.
//   2. While anybody is queued no place is free: one that comes back is granted at once, in order of arrival over all
//      shards.
//   3. A place that was granted belongs to its waiter, also past the deadline, or to the next one; it is never lost on
//      the way.
//   4. While anybody waits, each holder is asked to give way at once and then once per step, whatever the number of
//      waiters.
//   5. The mutex is taken only where a place is taken or given back, or somebody waits: never for an idle connection's
//      coming and going, which looks at wanted() alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "runtime/timer_heap.h"

namespace hf::upstream {

class PlaceDesk;
class PlaceWait;

/// What holders do with their places, as each said when it was last asked to give way.
struct PlaceUse {
  std::uint32_t idle = 0;  // held for nobody
  std::uint32_t kept = 0;  // of a session that is between statements
};

/// One who holds places on one shard.
class PlaceHolder {
 public:
  /// Ends something that is held for nobody; its place is given back meanwhile. False: there is nothing of the kind.
  virtual bool close_idle() = 0;
  /// Asks for what is kept for convenience; it comes back when it comes. Once per step at most.
  virtual void ask() = 0;
  virtual PlaceUse use() const = 0;

 protected:
  ~PlaceHolder() = default;
};

class Places {
 public:
  static constexpr Nanos kStep = 10ms;  // between two times that a holder is asked
  // who came later by less may be handed something before the first in the queue
  static constexpr Nanos kOvertake = 50ms;

  explicit Places(std::uint32_t most) : most_(most < 1 ? 1 : most) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;
  ~Places();

  /// Another limit, at least 1: more places are granted at once; if there are too many, what is idle is closed.
  void set_most(std::uint32_t most);
  std::uint32_t most() const;
  std::uint32_t taken() const;
  std::uint32_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
  /// Whether a place that nobody needs right now is better given back than kept: somebody waits, or there are too many.
  bool wanted() const { return wanted_.load(std::memory_order_relaxed); }
  /// Of all holders together. Fresh as of the latest step, as long as somebody waits.
  PlaceUse use() const;

 private:
  friend class PlaceDesk;
  friend class PlaceWait;

  /// Waits in a row. A wait is in one of them, or in none.
  struct Queue {
    PlaceWait* first = nullptr;
    PlaceWait* last = nullptr;
    void push(PlaceWait& wait);
    void remove(PlaceWait& wait);
  };

  // All with the mutex held. `self` is the desk that acts: it collects what it is granted without being posted to.
  void grant_free(const PlaceDesk* self);
  void give_back(const PlaceDesk* self);
  void wake(PlaceDesk& desk, const PlaceDesk* self);
  void wake_all(const PlaceDesk* self);
  void count();

  mutable std::mutex mutex_;
  std::uint32_t most_;
  std::uint32_t taken_ = 0;
  std::uint32_t queued_ = 0;
  Queue queue_;
  std::vector<PlaceDesk*> desks_;
  std::atomic<std::uint32_t> waiting_{0};
  std::atomic<bool> wanted_{false};
};

class PlaceDesk final : private runtime::Timer {
 public:
  PlaceDesk(runtime::EventLoop& loop, std::shared_ptr<Places> places, PlaceHolder& holder);
  PlaceDesk(const PlaceDesk&) = delete;
  PlaceDesk& operator=(const PlaceDesk&) = delete;
  /// Nobody waits at this desk any more.
  ~PlaceDesk();

  const Places& places() const { return *places_; }
  /// A place if one is free. Nobody is overtaken: none is free while anybody waits.
  bool take();
  /// A place that was taken or granted here is free again.
  void give();
  /// Something that suits waits of this kind can be handed over instead of a place: who is to have it, now out of the
  /// queue. Its wait ends with kHandedOver; the caller sees to it that it finds the thing. nullptr: nobody here, or
  /// somebody elsewhere has waited for so much longer that the place of the thing is better given back. `wish`: rather
  /// this one, which waits or waited here, if it does not come before somebody by too much.
  PlaceWait* heir(std::uint64_t kind, PlaceWait* wish = nullptr);
  /// The first that waits here for something of this kind and that `suits`, within reach of heir(); nothing is changed.
  template <typename Suits>
  PlaceWait* first(std::uint64_t kind, Suits suits) const;

 private:
  friend class Places;
  friend class PlaceWait;
  struct Link {  // outlives the desk in what was posted
    PlaceDesk* desk;
  };

  void on_timer() override { step(); }
  static constexpr std::size_t kLooked = 64;  // waits looked at for one of a kind

  bool hand_to(PlaceWait& wait);
  void woken();
  void collect();
  void step();

  runtime::EventLoop& loop_;
  std::shared_ptr<Places> places_;
  PlaceHolder& holder_;
  std::shared_ptr<Link> link_;
  PlaceWait* first_ = nullptr;  // who waits here, in order of arrival
  PlaceWait* last_ = nullptr;
  TimePoint next_ask_;

  // With the mutex of the places:
  Places::Queue granted_;
  bool posted_ = false;
  PlaceUse said_;
};

/// co_await a PlaceWait, once: a place, or something handed over, by the deadline. Errors: kTimeout, kCancelled.
class PlaceWait : public runtime::Leaf, private runtime::Timer {
 public:
  enum class Outcome : std::uint8_t { kPlace, kHandedOver };

  /// `kind` is the holder's: what may be handed to this wait by PlaceDesk::heir.
  PlaceWait(PlaceDesk& desk, std::uint64_t kind, Deadline deadline) : desk_(desk), kind_(kind), deadline_(deadline) {}

  bool await_ready() { return desk_.take(); }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (handle.promise().context->cancelled) {
      error_ = ErrorCode::kCancelled;
      return false;
    }
    begin_wait(handle);
    start();
    return true;
  }
  Result<Outcome> await_resume() const;

 protected:
  ~PlaceWait() = default;

 private:
  friend class Places;
  friend class PlaceDesk;
  enum class State : std::uint8_t { kOut, kQueued, kGranted };

  void start();
  void end();
  void cancel() override;
  void on_timer() override;

  PlaceDesk& desk_;
  std::uint64_t kind_;
  Deadline deadline_;
  TimePoint since_;
  std::optional<ErrorCode> error_;
  Outcome outcome_ = Outcome::kPlace;
  PlaceWait* previous_here_ = nullptr;  // at the desk
  PlaceWait* next_here_ = nullptr;

  // With the mutex of the places:
  State state_ = State::kOut;
  PlaceWait* previous_ = nullptr;  // in the queue, or among the granted
  PlaceWait* next_ = nullptr;
};

template <typename Suits>
PlaceWait* PlaceDesk::first(std::uint64_t kind, Suits suits) const {
  PlaceWait* wait = first_;
  for (std::size_t looked = 1; wait != nullptr && (wait->kind_ != kind || !suits(*wait)); ++looked) {
    wait = looked < kLooked ? wait->next_here_ : nullptr;
  }
  return wait;
}

}  // namespace hf::upstream
