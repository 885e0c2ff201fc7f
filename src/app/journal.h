// Journal: the one path of every event of the process: stamped, bounded, damped, written to the log, kept for who asks,
// and handed on to who tells others.
//
// Owner: the gateway. Thread: the control thread's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "app/log.h"
#include "base/event_damper.h"
#include "base/event_log.h"
#include "config/config.h"
#include "runtime/event_loop.h"

namespace hf::app {

class Journal {
 public:
  using Told = std::function<void(const Event&)>;

  /// `told` hears of every event that is recorded, after it is; what it emits itself is an event like others.
  Journal(runtime::EventLoop& loop, Told told);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  void emit(Event event);
  /// What the damper held back until `now`, what the log lost, and that it does not take lines, are told of when
  /// nothing else is.
  void tell_the_rest(TimePoint now);

  /// See Log.
  Result<void> open(const config::Log& settings, Nanos patience) { return log_.open(settings, patience); }
  void ask(const config::Log& settings) { log_.ask(settings); }
  std::optional<Result<void>> opened() const { return log_.opened(); }
  void close(Nanos patience) { log_.close(patience); }
  std::uint64_t lines_lost() const { return log_.lost_total(); }

  EventPage since(std::uint64_t since, std::size_t limit) const { return events_.since(since, limit); }
  std::uint64_t last_sequence() const { return events_.last_sequence(); }

 private:
  void record(Event event);
  void tell_gap();
  void tell_trouble();

  runtime::EventLoop& loop_;
  Told told_;
  Log log_;
  EventDamper damper_;
  EventLog events_;
  bool troubled_ = false;  // told: the log does not take lines
};

}  // namespace hf::app
