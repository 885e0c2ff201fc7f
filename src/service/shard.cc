#include "service/shard.h"

#include <pthread.h>

#include "base/events.h"
#include "base/limits.h"
#include "runtime/epoll_poller.h"

namespace hf::service {

namespace {
constexpr Nanos kTick = 100ms;
}

Shard::Shard(std::uint32_t id, Control control, std::uint64_t seed)
    : Shard(id, std::move(control), seed, std::make_unique<runtime::EpollPoller>()) {}

Shard::Shard(std::uint32_t id, Control control, std::uint64_t seed, std::unique_ptr<runtime::Poller> poller)
    : id_(id), control_(std::move(control)), random_(seed), loop_(std::move(poller)), background_(loop_) {
  HF_CHECK(id < kMostShards);  // connection ids have room for no more
}

Shard::~Shard() { HF_CHECK(!thread_.joinable()); }

void Shard::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), ("shard-" + std::to_string(id_)).c_str());
    background_.spawn("housekeeping", housekeeping, this);
    loop_.run();
    background_.cancel();
    while (!background_.empty()) loop_.turn(loop_.deadline_in(10ms));
    services_.clear();
  });
}

void Shard::stop() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

runtime::Task<void> Shard::housekeeping(Shard* self) {
  for (;;) {
    const Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(kTick));
    if (!slept.ok()) co_return;
    for (auto& [name, service] : self->services_) service->tick();
  }
}

ServiceShard& Shard::add(std::shared_ptr<ServiceShared> shared, upstream::ServiceViewPtr view) {
  const std::string name = shared->name;
  auto [it, added] = services_.emplace(name, std::make_unique<ServiceShard>(*this, std::move(shared), std::move(view)));
  HF_CHECK(added);
  return *it->second;
}

ServiceShard* Shard::find(const std::string& service) {
  const auto it = services_.find(service);
  return it == services_.end() ? nullptr : it->second.get();
}

void Shard::close_service(const std::string& name, Nanos patience) {
  post([this, name, patience] {
    background_.spawn("close service", close_task, this, std::vector<std::string>{name}, patience,
                      std::function<void()>());
  });
}

void Shard::close_all(Nanos patience, std::function<void()> done) {
  post([this, patience, done = std::move(done)] {
    std::vector<std::string> names;
    for (const auto& [name, service] : services_) names.push_back(name);
    background_.spawn("close all", close_task, this, std::move(names), patience, done);
  });
}

void Shard::cut_clients_on(const net::Address& local, std::string reason) {
  post([this, local, reason = std::move(reason)] {
    for (auto& [name, service] : services_) service->cut_clients_on(local, reason);
  });
}

runtime::Task<void> Shard::close_task(Shard* self, std::vector<std::string> names, Nanos patience,
                                      std::function<void()> done) {
  const Deadline deadline = self->loop_.deadline_in(patience);
  for (const std::string& name : names) {
    // Taken out first: nobody finds a service that is on its way out, and a new one of the same name may be added.
    const auto it = self->services_.find(name);
    if (it == self->services_.end()) continue;
    std::unique_ptr<ServiceShard> service = std::move(it->second);
    self->services_.erase(it);
    const Result<void> closed = co_await service->close(deadline);
    if (!closed.ok()) {
      self->control_.event(hf::events::BugSurvived{.where = "shard " + std::to_string(self->id_),
                                                   .what = "service '" + name + "': " + closed.error().context});
      self->abandoned_.push_back(std::move(service));  // not destroyed under a session that hangs
    }
  }
  if (done) done();
}

}  // namespace hf::service
