// Outbox: what the gateway is told by the guardian: news in order, and from time to time how things stand.
//
// Owner: the Guardian. Thread: that of its loop.
// Invariants:
//   1. Nothing here waits. What no gateway takes is kept, kKeptNews at most: beyond that the oldest is dropped.
//   2. News go out in the order in which they were told, and only while the gateway reads (Ports::reads).
//   3. A report goes out kReportGap after the first change at the latest, and none while the gateway has not taken what
//      it was sent.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "guardian/channel.h"
#include "guardian/messages.h"
#include "runtime/call_timer.h"
#include "runtime/event_loop.h"

namespace hf::guardian {

class Outbox {
 public:
  static constexpr std::size_t kKeptNews = 1024;
  static constexpr Nanos kReportGap = 20ms;  // changes in quick succession make one report

  struct Ports {
    std::function<Channel*()> gateway;  // nullptr: there is none
    std::function<bool()> reads;        // whether there is one that takes news in
    std::function<Report()> report;
  };

  Outbox(runtime::EventLoop& loop, Ports ports);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// An event is stamped here; the other news bring their time.
  void tell(News news);
  /// The gateway may read again.
  void flush();
  /// What it does not take it does without.
  void send(const Message& message);
  void report_soon();
  void report();
  /// What no gateway took.
  std::vector<Event> untold() const;

 private:
  runtime::EventLoop& loop_;
  Ports ports_;
  std::deque<News> news_;
  runtime::CallTimer report_timer_;
};

}  // namespace hf::guardian
