// What the gateway's shards say of their sessions, put together.
#include <memory>
#include <utility>

#include "app/gateway.h"
#include "service/mysql/session_list.h"

namespace hf::app {

using runtime::Task;

namespace {

constexpr Nanos kShardPatience = 2s;

/// The control thread's.
struct Gathering {
  explicit Gathering(runtime::EventLoop& loop) : arrived(loop) {}
  service::HeldSessions sessions;
  std::size_t answers = 0;
  runtime::Signal arrived;
};

}  // namespace

Task<Result<admin::SessionPage>> Gateway::sessions(std::string service, std::size_t most) { return gather_sessions(this, std::move(service), most); }

Task<Result<admin::SessionPage>> Gateway::gather_sessions(Gateway* self, std::string service, std::size_t most) {
  std::string known;
  bool found = service.empty();
  for (const auto& [name, running] : self->services_) {
    if (running.watcher->service().protocol != config::Protocol::kMysql) continue;
    known += (known.empty() ? "" : ", ") + name;
    found = found || name == service;
  }
  if (!found) co_return Error{ErrorCode::kNotFound, "no MySQL service '" + service + "'; there is " + (known.empty() ? "none" : known)};
  auto gathering = std::make_shared<Gathering>(self->loop_);
  runtime::EventLoop* control = &self->loop_;
  for (const auto& shard : self->shards_) {
    service::mysql::list_sessions(*shard, service, most, [control, gathering, most](service::HeldSessions part) {
      control->post([gathering, most, part = std::move(part)] {
        gathering->sessions.take(part, most);
        ++gathering->answers;
        gathering->arrived.notify_all();
      });
    });
  }
  const Deadline deadline = self->loop_.deadline_in(kShardPatience);
  while (gathering->answers < self->shards_.size()) {
    const Result<void> waited = co_await gathering->arrived.wait(deadline);
    if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) co_return waited.error();
    if (!waited.ok()) break;
  }
  admin::SessionPage page;
  page.sessions = std::move(gathering->sessions);
  page.silent_shards = static_cast<std::uint32_t>(self->shards_.size() - gathering->answers);
  co_return page;
}

}  // namespace hf::app
