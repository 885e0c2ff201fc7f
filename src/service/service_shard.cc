#include "service/service_shard.h"

#include <algorithm>

#include "service/events.h"
#include "service/shard.h"

namespace hf::service {

using runtime::Task;

namespace {
constexpr Nanos kAcceptPause = 100ms;
}

ServiceShard::ServiceShard(Shard& shard, std::shared_ptr<ServiceShared> shared, upstream::ServiceViewPtr view)
    : shard_(shard),
      shared_(std::move(shared)),
      changed_(shard.loop()),
      frontend_(shared_->make_frontend(*this)),
      accepting_(shard.loop()),
      sessions_(shard.loop()) {
  counters_ = frontend_->shard_counters();
  shared_->add_counters(counters_);
  apply(std::move(view));
}

ServiceShard::~ServiceShard() = default;

runtime::EventLoop& ServiceShard::loop() const { return shard_.loop(); }
const Control& ServiceShard::control() const { return shard_.control(); }

void ServiceShard::add_servers() {
  while (servers_.size() < view_->servers.size()) {
    const auto slot = static_cast<upstream::ServerSlot>(servers_.size());
    servers_.push_back(std::make_unique<ServerShard>(counters_->servers.make(slot)));
    frontend_->server_added(slot);
  }
}

/// A slot whose tenant has changed is another server: it begins anew.
void ServiceShard::take_leases() {
  for (std::size_t slot = 0; slot < view_->servers.size(); ++slot) {
    const std::shared_ptr<const upstream::SlotLease>& lease = view_->servers[slot].lease;
    if (lease == nullptr) continue;
    ServerShard& server = *servers_[slot];
    if (server.tenant != 0 && server.tenant != lease->number) {
      restart(server.counters, kServerCounters);
      frontend_->server_added(static_cast<upstream::ServerSlot>(slot));
    }
    server.tenant = lease->number;
    server.lease = lease;
  }
}

/// Servers that were taken out of the configuration and that nothing here refers to any more: their slots may go to
/// others.
void ServiceShard::give_back_leases() {
  for (std::size_t slot = 0; slot < servers_.size(); ++slot) {
    ServerShard& server = *servers_[slot];
    const bool in_use = view_->servers[slot].present || server.in_flight > 0 ||
                        frontend_->uses(static_cast<upstream::ServerSlot>(slot));
    if (!in_use) server.lease.reset();
  }
}

void ServiceShard::apply(upstream::ServiceViewPtr view) {
  const upstream::ServiceViewPtr before = std::exchange(view_, std::move(view));
  add_servers();
  take_leases();
  frontend_->view_changed();
  readers_.clear();
  for (std::size_t slot = 0; slot < view_->servers.size(); ++slot) {
    const upstream::ServerView& server = view_->servers[slot];
    if (server.present && server.reader && server.weight > 0) {
      readers_.push_back({static_cast<std::uint32_t>(slot), server.weight, 0});
    }
    const bool was_alive = before != nullptr && slot < before->servers.size() && before->servers[slot].present &&
                           before->servers[slot].reachable;
    if (was_alive && (!server.present || !server.reachable)) {
      const Error reason{
          ErrorCode::kUnreachable,
          "server '" + server.name + "' is " + (server.present ? "down: " + server.reason : "no longer configured")};
      frontend_->server_lost(static_cast<upstream::ServerSlot>(slot), reason);
    }
  }
  changed_.notify_all();
}

std::optional<upstream::ServerSlot> ServiceShard::pick_reader(const policy::balance::ServerSet& tried) {
  for (policy::balance::Candidate& candidate : readers_) candidate.in_flight = servers_[candidate.index]->in_flight;
  return config().balance == config::Balance::kRoundRobin ? round_robin_.pick(readers_, tried)
                                                          : least_connections_.pick(readers_, tried);
}

void ServiceShard::listen(std::string key, int fd, config::Listen options) {
  const net::Listener::Share share{control().accept_budget, frontend_->descriptors_per_client()};
  listeners_.push_back(std::make_unique<OpenListener>(loop(), std::move(key), fd, std::move(options), share));
  accepting_.spawn("accept", accept_loop, this, listeners_.back().get());
}

void ServiceShard::change_listener(const std::string& key, const config::Listen& options) {
  for (const std::unique_ptr<OpenListener>& open : listeners_) {
    if (open->key == key) open->options = options;
  }
}

void ServiceShard::close_listener(const std::string& key) {
  for (const std::unique_ptr<OpenListener>& open : listeners_) {
    if (open->key == key) open->listener.close();  // its accept loop ends and forgets it
  }
}

namespace {

void tell_paused(ServiceShard& service, const Error& why) {
  service.control().event(events::AcceptPaused{.service = service.name(), .reason = why.context});
  if (why.code == ErrorCode::kOutOfMemory) {
    service.control().event(events::OutOfMemory{.what = why.context});
  } else {
    service.control().event(events::OutOfDescriptors{.what = why.context});
  }
}

}  // namespace

Task<void> ServiceShard::accept_loop(ServiceShard* self, OpenListener* open) {
  bool paused = false;
  for (;;) {
    Result<net::Accepted> accepted = co_await open->listener.accept();
    if (accepted.ok()) {
      if (paused) {
        paused = false;
        self->control().event(events::AcceptResumed{.service = self->name()});
      }
      self->admit(std::move(*accepted), open->options);
      continue;
    }
    if (accepted.error().code == ErrorCode::kClosed || accepted.error().code == ErrorCode::kCancelled) {
      self->forget(open);
      co_return;
    }
    if (!paused) {
      paused = true;
      tell_paused(*self, accepted.error());
    }
    const Result<void> slept = co_await runtime::sleep_until(self->loop().deadline_in(kAcceptPause));
    if (!slept.ok()) co_return;
  }
}

void ServiceShard::forget(const OpenListener* open) {
  std::erase_if(listeners_, [&](const std::unique_ptr<OpenListener>& each) { return each.get() == open; });
}

/// No frame of its own: a client has one for as long as it is here.
Task<void> ServiceShard::serve(Frontend* frontend, net::Accepted accepted, const config::Listen* listen,
                               Admission admission) {
  return frontend->serve(std::move(accepted), *listen, admission);
}

void ServiceShard::admit(net::Accepted accepted, const config::Listen& listen) {
  const std::string peer = accepted.peer.host();
  counters_->service.clients_total.add();
  const std::uint32_t clients = shared_->clients.fetch_add(1, std::memory_order_relaxed) + 1;
  Admission admission = Admission::kWelcome;
  if (!allowed(config().allow, accepted.peer)) {
    admission = Admission::kAddress;
  } else if (clients > config().max_connections) {
    admission = Admission::kOverload;
  }
  if (admission != Admission::kWelcome) counters_->service.clients_refused.add();
  sessions_.spawn("session", serve, frontend_.get(), std::move(accepted), &listen, admission);
  if (admission == Admission::kAddress) {
    control().event(events::ClientRefusedAddress{.service = name(), .client = peer});
  } else if (admission == Admission::kOverload) {
    control().event(
        events::ClientRefusedOverload{.service = name(), .client = peer, .limit = config().max_connections});
  }
}

std::size_t ServiceShard::cut_clients_on(const net::Address& local, const std::string& reason) {
  const std::size_t cut = live_clients_.cut(local.host(), {ErrorCode::kReset, local.host() + ": " + reason});
  if (cut > 0) {
    control().event(events::ClientsCut{.service = name(), .address = local.host(), .clients = cut, .reason = reason});
  }
  return cut;
}

void ServiceShard::client_gone() { shared_->clients.fetch_sub(1, std::memory_order_relaxed); }

Task<Result<void>> ServiceShard::close(Deadline deadline) {
  for (const std::unique_ptr<OpenListener>& open : listeners_) open->listener.close();
  Result<void> accepting = co_await accepting_.close(deadline);
  HF_CO_RETURN_IF_ERROR(accepting);
  listeners_.clear();
  frontend_->drain();
  const Result<void> ended = co_await sessions_.idle(deadline);
  (void)ended;  // those that are left are cancelled
  Result<void> closed = co_await sessions_.close(loop().deadline_in(5s));
  HF_CO_RETURN_IF_ERROR(closed);
  Result<void> quiet = co_await frontend_->close();
  co_return quiet;
}

void ServiceShard::tick() {
  give_back_leases();
  frontend_->tick();
}

}  // namespace hf::service
