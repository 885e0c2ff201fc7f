#include "app/names.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "app/events.h"

namespace hf::app {

using runtime::Task;

namespace {

using LookUp = decltype(Names::Around::look_up);

/// The names in a configuration, which are all of servers, and the shortest interval at which one of the services wants
/// each to be looked up.
std::map<std::string, Nanos> names_of_servers(const config::Config& config) {
  std::map<std::string, Nanos> names;
  for (const config::Service& service : config.services) {
    for (const config::Server& server : service.servers) {
      if (upstream::without_look_up(server.address)) continue;
      Nanos& interval = names[server.address.host];
      const bool wanted = service.resolve_interval > Nanos::zero();
      if (wanted) {
        interval = interval == Nanos::zero() ? service.resolve_interval : std::min(interval, service.resolve_interval);
      }
    }
  }
  return names;
}

Task<void> look_up_one(const LookUp* look_up, std::string name, Deadline deadline, Names::Found* found) {
  Result<net::Resolved> resolved = co_await (*look_up)(name, deadline);
  found->insert_or_assign(std::move(name), std::move(resolved));
}

}  // namespace

Task<Names::Found> Names::look_up(Names* self, config::ConfigPtr config) {
  Found found;
  runtime::Scope scope(self->around_.loop);
  const Deadline deadline = self->around_.loop.deadline_in(kPatience);
  for (const auto& [name, interval] : names_of_servers(*config)) {
    scope.spawn("look up", look_up_one, &self->around_.look_up, name, deadline, &found);
  }
  co_await scope.join();
  co_return found;
}

IpAddress Names::choose(const std::string& name, const net::Resolved& found) const {
  const auto known = known_.find(name);
  const bool stays =
      known != known_.end() && std::ranges::find(found.addresses, known->second.address) != found.addresses.end();
  return stays ? known->second.address : found.addresses.front();
}

upstream::AddressBook Names::book(const Found& found) const {
  upstream::AddressBook book;
  for (const auto& [name, resolved] : found) {
    const auto known = known_.find(name);
    if (resolved.ok()) {
      book.put(name, choose(name, *resolved));
    } else if (known != known_.end()) {
      book.put(name, known->second.address);
    } else {
      book.put(name, resolved.error());
    }
  }
  return book;
}

upstream::AddressBook Names::book() const {
  upstream::AddressBook book;
  for (const auto& [name, known] : known_) book.put(name, known.address);
  return book;
}

void Names::adopt(const config::Config& config, const Found& found) {
  const std::map<std::string, Nanos> wanted = names_of_servers(config);
  std::erase_if(known_, [&wanted](const auto& entry) { return !wanted.contains(entry.first); });
  for (const auto& [name, interval] : wanted) {
    const Result<net::Resolved>& resolved = found.at(name);
    const auto [entry, is_new] = known_.try_emplace(name);
    Known& known = entry->second;
    known.interval = interval;
    if (!resolved.ok()) {
      failed(name, known, resolved.error());
      continue;
    }
    const IpAddress now = is_new ? resolved->addresses.front() : choose(name, *resolved);
    const IpAddress before = std::exchange(known.address, now);
    if (!is_new && now != before) {
      around_.event(events::NameMoved{.name = name, .from = before.to_string(), .to = now.to_string()});
    }
    succeeded(known, resolved->good_for);
  }
  news_.notify_all();
  for (const auto& [name, known] : known_) {
    if (known.interval > Nanos::zero() && watched_.insert(name).second) {
      scope_.spawn("keep name fresh", keep_fresh, this, name);
    }
  }
}

Task<void> Names::keep_fresh(Names* self, std::string name) {
  for (;;) {
    auto known = self->known_.find(name);
    if (known == self->known_.end() || known->second.interval == Nanos::zero()) break;
    const Result<void> waited = co_await self->news_.wait(Deadline{known->second.due});
    if (waited.ok()) continue;  // the configuration is another
    if (waited.error().code == ErrorCode::kCancelled) break;
    const Result<net::Resolved> found = co_await self->around_.look_up(name, self->around_.loop.deadline_in(kPatience));
    if (!found.ok() && found.error().code == ErrorCode::kCancelled) break;
    known = self->known_.find(name);
    if (known != self->known_.end()) self->take(name, known->second, found);
  }
  self->watched_.erase(name);
}

void Names::take(const std::string& name, Known& known, const Result<net::Resolved>& found) {
  if (!found.ok()) return failed(name, known, found.error());
  const IpAddress to = choose(name, *found);
  if (to != known.address) {
    upstream::AddressBook moved = book();
    moved.put(name, to);
    const Result<void> done = around_.move(name, moved);
    if (!done.ok()) return failed(name, known, done.error());
    around_.event(events::NameMoved{.name = name, .from = known.address.to_string(), .to = to.to_string()});
    known.address = to;
  }
  succeeded(known, found->good_for);
}

void Names::succeeded(Known& known, Nanos good_for) {
  known.failures = 0;
  known.due = in_about(std::max(std::min(good_for, known.interval), kSoonest));
}

void Names::failed(const std::string& name, Known& known, const Error& why) {
  constexpr unsigned kMostDoublings = 12;
  const Nanos pause = kSoonest * (std::int64_t{1} << std::min(known.failures, kMostDoublings));
  ++known.failures;
  known.due = in_about(std::min(pause, kLongestPause));
  around_.event(events::NameUnresolved{.name = name, .address = known.address.to_string(), .reason = why.context});
}

/// Up to an eighth later, so that names which were looked up together are so no more.
TimePoint Names::in_about(Nanos pause) {
  const auto spread = static_cast<std::uint64_t>(pause.count() / 8);
  return around_.loop.now() + pause + Nanos{static_cast<std::int64_t>(random_.below(spread))};
}

Task<Result<net::Address>> Names::address_of(Names* self, config::Endpoint endpoint, Deadline deadline) {
  std::optional<Result<net::Address>> known = upstream::without_look_up(endpoint);
  if (known) co_return std::move(*known);
  const Result<net::Resolved> found = co_await self->around_.look_up(endpoint.host, deadline);
  HF_CO_RETURN_IF_ERROR(found);
  co_return net::Address(found->addresses.front(), endpoint.port);
}

Task<Result<void>> Names::close(Deadline deadline) {
  Result<void> closed = co_await scope_.close(deadline);
  co_return closed;
}

}  // namespace hf::app
