// The compiler canary: does this compiler keep the promises of coroutines that Holdfast is built on?
//
// g++ 12.2 does not: it destroys an aggregate temporary that is passed to an awaited coroutine twice. Each check below
// is one idiom of the runtime, with objects that count their own births and deaths. Compiled on its own by the test
// script, without optimisation, with it, and with sanitizers. Prints one line a check, then "N passed, N failed".
#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

struct Tally {
  int made = 0;
  int copied = 0;
  int moved = 0;
  int destroyed = 0;
  int alive() const { return made + copied + moved - destroyed; }
};

// Counts into a Tally that the check owns. Its pointer to itself is stale if the compiler copied its bytes.
class Tracked {
 public:
  explicit Tracked(Tally& tally) : tally_(&tally), self_(this) { ++tally_->made; }
  Tracked(const Tracked& other) : tally_(other.tally_), self_(this) { ++tally_->copied; }
  Tracked(Tracked&& other) noexcept : tally_(other.tally_), self_(this) { ++tally_->moved; }
  Tracked& operator=(const Tracked&) = delete;
  Tracked& operator=(Tracked&&) = delete;
  ~Tracked() {
    ++tally_->destroyed;
    self_ = nullptr;
  }
  bool sound() const { return self_ == this; }

 private:
  Tally* tally_;
  const Tracked* self_;
};

struct Aggregate {
  Tracked tracked;
  std::string text;
};

int g_frames = 0;  // alive coroutine frames, counted by the promise below

// The shape of the runtime's Task: lazy, immovable when awaited, symmetric transfer both ways.
template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(Handle done) const noexcept { return done.promise().continuation; }
    void await_resume() const noexcept {}
  };

  struct promise_type {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::variant<std::monostate, T, std::exception_ptr> result;

    static void* operator new(std::size_t size) {
      ++g_frames;
      return ::operator new(size);
    }
    static void operator delete(void* frame) {
      --g_frames;
      ::operator delete(frame);
    }
    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return {}; }
    template <typename U>
    void return_value(U&& value) { result.template emplace<1>(std::forward<U>(value)); }
    void unhandled_exception() { result.template emplace<2>(std::current_exception()); }
  };

  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() { handle_.destroy(); }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    return handle_;
  }
  T await_resume() { return take(); }

  void start() { handle_.resume(); }
  bool done() const { return handle_.done(); }
  T take() {
    auto& result = handle_.promise().result;
    if (auto* error = std::get_if<2>(&result)) std::rethrow_exception(*error);
    return std::move(std::get<1>(result));
  }

 private:
  explicit Task(Handle handle) : handle_(handle) {}
  Handle handle_;
};

// Suspends and leaves its handle behind, as a wait for a socket does.
struct Park {
  std::coroutine_handle<>* parked;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const noexcept { *parked = handle; }
  void await_resume() const noexcept {}
};

// Runs to the end and destroys the frame before it returns (a parameter would live on to the caller's semicolon).
template <typename F, typename... Args>
auto run(F function, Args&&... arguments) {
  auto task = function(std::forward<Args>(arguments)...);
  task.start();
  return task.take();
}

Task<bool> takes_aggregate(Aggregate aggregate) {
  co_return aggregate.tracked.sound() && aggregate.text == "a longer text than the small buffer";
}

Task<bool> awaits_aggregate_temporary(Tally& tally) {
  bool sound = co_await takes_aggregate(Aggregate{Tracked(tally), "a longer text than the small buffer"});
  co_return sound;
}

bool aggregate_temporary_dies_once() {
  Tally tally;
  bool sound = run(awaits_aggregate_temporary, tally);
  return sound && tally.made == 1 && tally.alive() == 0;
}

Task<bool> suspends_with_aggregate(Aggregate aggregate, std::coroutine_handle<>* parked) {
  co_await Park{parked};
  co_return aggregate.tracked.sound() && aggregate.text == "kept in the frame over a suspension";
}

Task<bool> awaits_suspending_aggregate(Tally& tally, std::coroutine_handle<>* parked) {
  co_return co_await suspends_with_aggregate(Aggregate{Tracked(tally), "kept in the frame over a suspension"}, parked);
}

bool aggregate_outlives_a_suspension() {
  Tally tally;
  std::coroutine_handle<> parked;
  Task<bool> task = awaits_suspending_aggregate(tally, &parked);
  task.start();
  bool alive_while_parked = tally.alive() >= 1 && !task.done();
  parked.resume();
  return alive_while_parked && task.done() && task.take();
}

bool aggregate_outlives_a_suspension_and_dies() {
  Tally tally;
  std::coroutine_handle<> parked;
  {
    Task<bool> task = awaits_suspending_aggregate(tally, &parked);
    task.start();
    parked.resume();
  }
  return tally.alive() == 0 && tally.made == 1;
}

Task<bool> takes_value(Tracked tracked) { co_return tracked.sound(); }

// An argument made in place is moved into the frame once and never copied.
bool parameter_moves_once() {
  Tally tally;
  bool sound = false;
  {
    Task<bool> task = takes_value(Tracked(tally));
    task.start();
    sound = task.take();
  }
  return sound && tally.made == 1 && tally.moved == 1 && tally.copied == 0 && tally.alive() == 0;
}

// A named argument is copied once (into the parameter) and then moved once (into the frame).
bool parameter_copies_once() {
  Tally tally;
  {
    Tracked named(tally);
    Task<bool> task = takes_value(named);
    task.start();
    if (!task.take()) return false;
  }
  return tally.made == 1 && tally.copied == 1 && tally.moved == 1 && tally.alive() == 0;
}

Task<int> throws_with(Tracked tracked, bool now) {
  Tracked local(tracked);
  if (now) throw std::runtime_error("as asked");
  co_return 1;
}

Task<int> passes_on(Tally& tally) {
  int value = co_await throws_with(Tracked(tally), true);
  co_return value;
}

bool exception_unwinds_once() {
  Tally tally;
  bool caught = false;
  try {
    run(passes_on, tally);
  } catch (const std::runtime_error& error) {
    caught = std::string(error.what()) == "as asked";
  }
  return caught && tally.alive() == 0 && g_frames == 0;
}

Task<int> holds_local(Tally& tally, std::coroutine_handle<>* parked) {
  Tracked local(tally);
  co_await Park{parked};
  co_return local.sound() ? 1 : 0;
}

bool unstarted_frame_dies_clean() {
  Tally tally;
  { Task<bool> never_started = takes_value(Tracked(tally)); }
  return tally.alive() == 0 && g_frames == 0;
}

bool local_survives_suspension() {
  Tally tally;
  std::coroutine_handle<> parked;
  {
    Task<int> task = holds_local(tally, &parked);
    task.start();
    if (tally.alive() != 1) return false;
    parked.resume();
    if (task.take() != 1 || tally.alive() != 0) return false;
  }
  return g_frames == 0;
}

Task<std::unique_ptr<Tracked>> makes_box(Tally& tally) { co_return std::make_unique<Tracked>(tally); }

Task<bool> receives_box(Tally& tally) {
  std::unique_ptr<Tracked> box = co_await makes_box(tally);
  co_return box && box->sound();
}

bool move_only_result_arrives() {
  Tally tally;
  return run(receives_box, tally) && tally.made == 1 && tally.alive() == 0;
}

Task<std::optional<Aggregate>> makes_optional(Tally& tally) {
  std::optional<Aggregate> out(Aggregate{Tracked(tally), "text"});
  co_return out;
}

Task<int> loops_while(Tally& tally, int turns) {
  int seen = 0;
  while (std::optional<Aggregate> item = co_await makes_optional(tally)) {
    if (++seen == turns) break;
  }
  co_return seen;
}

// `while (auto x = co_await …)`: the condition variable is destroyed every turn, and at break.
bool loop_variable_dies_each_turn() {
  Tally tally;
  return run(loops_while, tally, 100) == 100 && tally.alive() == 0 && g_frames == 0;
}

Task<bool> picks(Tally& tally, bool first) {
  bool sound = first ? co_await takes_value(Tracked(tally)) : co_await takes_value(Tracked(tally));
  co_return sound;
}

// Only the branch that was taken makes its temporary, and it dies once.
bool conditional_branch_dies_once() {
  Tally tally;
  return run(picks, tally, true) && run(picks, tally, false) && tally.made == 2 && tally.alive() == 0;
}

template <typename F>
Task<bool> spawns(F function, Tracked argument, std::coroutine_handle<>* parked) {
  bool sound = co_await function(std::move(argument), parked);
  co_return sound;
}

// Scope::spawn(name, f, args…): a function without captures, its arguments in the frame.
bool spawned_arguments_live_in_the_frame() {
  Tally tally;
  std::coroutine_handle<> parked;
  auto body = [](Tracked tracked, std::coroutine_handle<>* where) -> Task<bool> {
    co_await Park{where};
    co_return tracked.sound();
  };
  bool sound = false;
  {
    Task<bool> task = spawns(body, Tracked(tally), &parked);
    task.start();
    parked.resume();
    sound = task.done() && task.take();
  }
  return sound && tally.alive() == 0 && tally.copied == 0 && g_frames == 0;
}

Task<std::uintptr_t> leaf() { co_return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); }

Task<std::uintptr_t> hops(int count) {
  std::uintptr_t lowest = UINTPTR_MAX, highest = 0;
  for (int i = 0; i < count; ++i) {
    std::uintptr_t now = co_await leaf();
    lowest = now < lowest ? now : lowest;
    highest = now > highest ? now : highest;
  }
  co_return highest - lowest;
}

// A million calls that never suspend: without a true tail call in symmetric transfer the stack would grow by each.
bool symmetric_transfer_keeps_the_stack() { return run(hops, 1'000'000) < 16 * 1024 && g_frames == 0; }

Task<int> descends(int depth) {
  if (depth == 0) co_return 0;
  int below = co_await descends(depth - 1);
  co_return below + 1;
}

// A hundred thousand frames deep, down and back: the depth is on the heap.
bool deep_chain_returns_without_stack() { return run(descends, 100'000) == 100'000 && g_frames == 0; }

struct Check {
  const char* name;
  bool (*run)();
};

constexpr Check kChecks[] = {
    {"an aggregate temporary passed to an awaited coroutine is destroyed exactly once", aggregate_temporary_dies_once},
    {"an aggregate parameter stays whole over a suspension", aggregate_outlives_a_suspension},
    {"an aggregate parameter that was suspended dies exactly once", aggregate_outlives_a_suspension_and_dies},
    {"a parameter made in place is moved once and never copied", parameter_moves_once},
    {"a named argument is copied once and moved once", parameter_copies_once},
    {"an exception through two coroutines destroys locals, parameters and frames once", exception_unwinds_once},
    {"a frame that never started destroys its parameters", unstarted_frame_dies_clean},
    {"a local survives a suspension and dies once", local_survives_suspension},
    {"a move-only result arrives whole", move_only_result_arrives},
    {"the variable of while (auto x = co_await ...) dies every turn", loop_variable_dies_each_turn},
    {"only the branch taken of c ? co_await a : co_await b makes its temporary", conditional_branch_dies_once},
    {"the arguments of a spawned function live in its frame", spawned_arguments_live_in_the_frame},
    {"a million symmetric transfers do not grow the stack", symmetric_transfer_keeps_the_stack},
    {"a chain of a hundred thousand coroutines returns without the stack", deep_chain_returns_without_stack},
};

}  // namespace

int main() {
  int failed = 0;
  for (const Check& check : kChecks) {
    bool passed = check.run();
    failed += passed ? 0 : 1;
    std::printf("%s  %s\n", passed ? "ok" : "FAILED", check.name);
    std::fflush(stdout);
  }
  std::printf("%d passed, %d failed\n", static_cast<int>(std::size(kChecks)) - failed, failed);
  return failed == 0 ? 0 : 1;
}
