#include "app/services.h"

#include <algorithm>
#include <utility>

#include "app/protocols.h"

namespace hf::app {

using runtime::Task;

namespace {

constexpr Nanos kSessionPatience = 10s;  // of a service that is gone, for what they are in the middle of
constexpr Nanos kWatcherPatience = 5s;

Task<void> close_watcher(Services::Running removed, Deadline deadline) {
  const Result<void> closed = co_await removed.watcher->close(deadline);
  (void)closed;  // its looks end by themselves
}

}  // namespace

service::Control Services::control(net::AcceptBudget& budget) {
  service::Control control;
  control.server_failed = [this](const std::string& service, upstream::ServerSlot slot, const std::string& what) {
    loop().post([this, service, slot, what] {
      if (Running* running = find(service)) running->watcher->live_failure(slot, what);
    });
  };
  control.refresh = [this](const std::string& service, std::uint32_t subject) {
    auto asked = std::make_shared<upstream::Refresh>();
    loop().post([this, service, subject, asked] {
      if (Running* running = find(service)) running->watcher->refresh(subject, *asked);
    });
    return asked;
  };
  control.event = [this](Event event) { loop().post([this, event = std::move(event)] { around_.event(event); }); };
  control.accept_budget = &budget;
  return control;
}

const Services::Running* Services::find(std::string_view name) const {
  const auto found = running_.find(name);
  return found == running_.end() ? nullptr : &found->second;
}

Services::Running* Services::find(std::string_view name) {
  const auto found = running_.find(name);
  return found == running_.end() ? nullptr : &found->second;
}

std::size_t Services::clients() const {
  std::size_t clients = 0;
  for (const auto& [name, running] : running_) clients += running.shared->clients.load(std::memory_order_relaxed);
  return clients;
}

std::vector<std::string> Services::objections(const config::Config& next,
                                              const upstream::AddressBook& addresses) const {
  std::vector<std::string> objections;
  for (const config::Service& service : next.services) {
    for (const config::Server& server : service.servers) {
      const Result<net::Address> address = addresses.find(server.address);
      if (!address.ok()) objections.push_back("server '" + server.name + "': " + address.error().context);
    }
  }
  for (const config::Service& service : next.services) {
    const Running* running = find(service.name);
    const bool goes_on = running != nullptr && running->watcher->service().protocol == service.protocol;
    const Result<void> room = goes_on ? running->watcher->has_room_for(service, addresses) : Result<void>{};
    if (!room.ok()) objections.push_back(room.error().context);
  }
  return objections;
}

std::vector<std::string> Services::apply(const config::ConfigPtr& next, const std::vector<std::string>& removed,
                                         const upstream::AddressBook& addresses) {
  std::vector<std::string> failed;
  for (const std::string& name : removed) remove(name);
  for (const config::Service& service : next->services) {
    Running* running = find(service.name);
    const Result<void> configured =
        running == nullptr ? add(next, service, addresses) : running->watcher->configure(next, &service, addresses);
    if (!configured.ok()) failed.push_back(configured.error().context);
  }
  return failed;
}

Result<void> Services::follow(const config::ConfigPtr& config, const std::string& name,
                              const upstream::AddressBook& addresses) {
  std::vector<std::pair<Running*, const config::Service*>> concerned;
  for (const config::Service& service : config->services) {
    Running* running = find(service.name);
    const bool has_it =
        std::ranges::any_of(service.servers, [&](const config::Server& server) { return server.address.host == name; });
    if (running == nullptr || !has_it || service.resolve_interval == Nanos::zero()) continue;
    HF_RETURN_IF_ERROR(running->watcher->has_room_for(service, addresses));
    concerned.emplace_back(running, &service);
  }
  for (const auto& [running, service] : concerned) {
    HF_RETURN_IF_ERROR(running->watcher->configure(config, service, addresses));
  }
  return {};
}

Result<void> Services::add(const config::ConfigPtr& config, const config::Service& service,
                           const upstream::AddressBook& addresses) {
  Running& running = running_[service.name];
  running.shared = std::make_shared<service::ServiceShared>(service.name, protocol_of(service).frontends());
  running.watcher = std::make_unique<topology::ServiceWatcher>(
      loop(), protocol_of(service).judge,
      topology::ServiceWatcher::Output{
          [this, shared = running.shared](const upstream::ServiceViewPtr& view) { publish(shared, view); },
          around_.event});
  Result<void> configured = running.watcher->configure(config, &service, addresses);
  if (configured.ok()) return {};
  running_.erase(service.name);
  return std::move(configured).error().in("service '" + service.name + "'");
}

void Services::publish(const std::shared_ptr<service::ServiceShared>& shared, const upstream::ServiceViewPtr& view) {
  const Running* running = find(shared->name);
  if (running == nullptr || running->shared != shared) return;  // the last word of a watcher whose service was removed
  loop().post([this, name = shared->name] { around_.changed(name); });  // when the watcher holds the view
  for (const auto& shard : around_.shards) {
    service::Shard* each = shard.get();
    each->post([each, shared, view] {
      service::ServiceShard* there = each->find(shared->name);
      if (there == nullptr) {
        each->add(shared, view);
      } else {
        there->apply(view);
      }
    });
  }
}

void Services::remove(const std::string& name) {
  for (const auto& shard : around_.shards) shard->close_service(name, kSessionPatience);
  const auto gone = running_.find(name);
  around_.scope.spawn("close service", close_watcher, std::move(gone->second), loop().deadline_in(kWatcherPatience));
  running_.erase(gone);
}

Task<void> Services::close(Services* self, Deadline deadline) {
  for (auto& [name, running] : self->running_) {
    const Result<void> closed = co_await running.watcher->close(deadline);
    (void)closed;  // its looks end by themselves
  }
}

}  // namespace hf::app
