// What the gateway's shards say of their sessions, put together.
#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "app/gateway.h"
#include "app/protocols.h"

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
  std::set<decltype(Protocol::list_sessions)> listers;
  bool found = service.empty();
  for (const auto& [name, running] : self->services_) {
    const auto lister = protocol_of(running.watcher->service()).list_sessions;
    if (lister == nullptr) continue;
    if (service.empty() || service == name) listers.insert(lister);
    known += (known.empty() ? "" : ", ") + name;
    found = found || name == service;
  }
  if (!found) co_return Error{ErrorCode::kNotFound, "no service '" + service + "' with sessions to show; there is " + (known.empty() ? "none" : known)};
  auto gathering = std::make_shared<Gathering>(self->loop_);
  runtime::EventLoop* control = &self->loop_;
  for (const auto& shard : self->shards_) {
    for (const auto lister : listers) {
      lister(*shard, service, most, [control, gathering, most](service::HeldSessions part) {
        control->post([gathering, most, part = std::move(part)] {
          gathering->sessions.take(part, most);
          ++gathering->answers;
          gathering->arrived.notify_all();
        });
      });
    }
  }
  const std::size_t asked = self->shards_.size() * listers.size();
  const Deadline deadline = self->loop_.deadline_in(kShardPatience);
  while (gathering->answers < asked) {
    const Result<void> waited = co_await gathering->arrived.wait(deadline);
    if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) co_return waited.error();
    if (!waited.ok()) break;
  }
  admin::SessionPage page;
  page.sessions = std::move(gathering->sessions);
  page.silent_shards = static_cast<std::uint32_t>(std::min(asked - gathering->answers, self->shards_.size()));
  co_return page;
}

}  // namespace hf::app
