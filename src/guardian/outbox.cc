#include "guardian/outbox.h"

#include <utility>

#include "runtime/wall_clock.h"

namespace hf::guardian {

namespace {

constexpr std::size_t kFullReports = 12;

/// Of many routers only the latest transitions: what fits into a message.
void shorten(Report& report) {
  if (report.routers.size() <= kFullReports) return;
  for (RouterReport& router : report.routers) {
    if (router.transitions.size() > 2) {
      router.transitions.erase(router.transitions.begin(), router.transitions.end() - 2);
    }
  }
}

}  // namespace

Outbox::Outbox(runtime::EventLoop& loop, Ports ports)
    : loop_(loop), ports_(std::move(ports)), report_timer_([this] { report(); }) {}

void Outbox::tell(News news) {
  if (auto* event = std::get_if<Event>(&news)) event->wall_micros = runtime::wall_micros();
  if (news_.size() == kKeptNews) news_.pop_front();
  news_.push_back(std::move(news));
  flush();
}

void Outbox::flush() {
  while (!news_.empty()) {
    Channel* gateway = ports_.gateway();
    if (gateway == nullptr || !ports_.reads()) return;
    const Result<void> sent = gateway->send(message_of(news_.front()));
    const bool later =
        !sent.ok() && (sent.error().code == ErrorCode::kOverload || sent.error().code == ErrorCode::kClosed);
    if (later) return;
    news_.pop_front();  // also one that can never be sent: those behind it can
  }
}

void Outbox::send(const Message& message) {
  Channel* gateway = ports_.gateway();
  if (gateway == nullptr) return;
  const Result<void> sent = gateway->send(message);
  (void)sent;
}

void Outbox::report_soon() {
  if (!report_timer_.armed()) loop_.arm(report_timer_, loop_.now() + kReportGap);
}

void Outbox::report() {
  flush();
  Channel* gateway = ports_.gateway();
  if (gateway == nullptr || gateway->queued() > 0) return;  // the next one tells the same, newer
  Report report = ports_.report();
  shorten(report);
  send(report);
}

std::vector<Event> Outbox::untold() const {
  std::vector<Event> events;
  for (const News& news : news_) events.push_back(vip::event_of(news));
  return events;
}

}  // namespace hf::guardian
