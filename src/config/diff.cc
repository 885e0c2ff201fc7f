#include "config/diff.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace hf::config {

namespace {

/// Compares two lists by identity. `identity` names an element, `same` tells whether two of one identity are equal.
template <typename T, typename Identity, typename Same>
NamesDiff diff_names(const std::vector<T>& before, const std::vector<T>& after, Identity identity, Same same) {
  const auto find = [&](const std::vector<T>& list, const std::string& id) {
    return std::find_if(list.begin(), list.end(), [&](const T& item) { return identity(item) == id; });
  };
  NamesDiff names;
  for (const T& now : after) {
    const auto old = find(before, identity(now));
    if (old == before.end()) {
      names.added.push_back(identity(now));
    } else if (!same(*old, now)) {
      names.changed.push_back(identity(now));
    }
  }
  for (const T& old : before) {
    if (find(after, identity(old)) == after.end()) names.removed.push_back(identity(old));
  }
  return names;
}

/// Who is told, without what a URL may carry behind its "?".
std::string receiver_of(const Notify& notify) {
  switch (notify.kind) {
    case NotifyKind::kFifo: return fmt::format("fifo {}", notify.path);
    case NotifyKind::kSocket: return fmt::format("socket {}", notify.path);
    case NotifyKind::kSmtp: return fmt::format("smtp {}", notify.server.to_string());
    case NotifyKind::kWebhook: return fmt::format("webhook {}", notify.url.substr(0, notify.url.find('?')));
  }
  return {};
}

constexpr auto kEqual = [](const auto& a, const auto& b) { return a == b; };

/// Collects the names of the settings that differ.
class Settings {
 public:
  template <typename T>
  Settings& compare(std::string_view name, const T& before, const T& after) {
    if (!(before == after)) changed_.emplace_back(name);
    return *this;
  }
  std::vector<std::string> take() { return std::move(changed_); }

 private:
  std::vector<std::string> changed_;
};

std::vector<std::string> diff_settings(const Service& a, const Service& b) {
  const Mysql& x = a.mysql;
  const Mysql& y = b.mysql;
  Settings settings;
  settings.compare("balance", a.balance, b.balance)
      .compare("allow", a.allow, b.allow)
      .compare("max_connections", a.max_connections, b.max_connections)
      .compare("connect_timeout", a.connect_timeout, b.connect_timeout)
      .compare("client_timeout", a.client_timeout, b.client_timeout)
      .compare("server_timeout", a.server_timeout, b.server_timeout)
      .compare("check.interval", a.check.interval, b.check.interval)
      .compare("check.timeout", a.check.timeout, b.check.timeout)
      .compare("check.rise", a.check.rise, b.check.rise)
      .compare("check.fall", a.check.fall, b.check.fall)
      .compare("mysql.monitor", x.monitor, y.monitor)
      .compare("mysql.users_from", x.users_from_servers, y.users_from_servers)
      .compare("mysql.read_your_writes", x.read_your_writes, y.read_your_writes)
      .compare("mysql.max_replica_lag", x.max_replica_lag, y.max_replica_lag)
      .compare("mysql.max_server_connections", x.max_server_connections, y.max_server_connections)
      .compare("mysql.hold_timeout", x.hold_timeout, y.hold_timeout)
      .compare("mysql.reads_fallback", x.reads_fallback_to_primary, y.reads_fallback_to_primary)
      .compare("mysql.pool_idle_timeout", x.pool_idle_timeout, y.pool_idle_timeout)
      .compare("mysql.max_connection_age", x.max_connection_age, y.max_connection_age)
      .compare("mysql.slow_start", x.slow_start, y.slow_start);
  return settings.take();
}

ServiceDiff diff_service(const Service& before, const Service& after) {
  ServiceDiff changes;
  changes.name = after.name;
  changes.listeners = diff_names(before.listen, after.listen, [](const Listen& l) { return l.endpoint.to_string(); }, kEqual);
  changes.servers = diff_names(before.servers, after.servers, [](const Server& s) { return s.name; }, kEqual);
  changes.users = diff_names(before.mysql.users, after.mysql.users, [](const Account& a) { return a.user; }, kEqual);
  changes.settings = diff_settings(before, after);
  // Invariant 1 holds for fields nobody has named above, and for a new order of the same elements.
  if (changes.empty() && !(before == after)) changes.settings.emplace_back("order");
  return changes;
}

/// Services of one name are the same service only while they speak the same protocol.
std::string identity_of(const Service& service) {
  return fmt::format("{}\n{}", service.name, static_cast<int>(service.protocol));
}

void strip_identity(std::vector<std::string>& identities) {
  for (std::string& identity : identities) identity.resize(identity.find('\n'));
}

std::vector<std::string> diff_settings(const Vip& a, const Vip& b) {
  Settings settings;
  settings.compare("interface", a.interface, b.interface)
      .compare("addresses", a.addresses, b.addresses)
      .compare("router_id", a.router_id, b.router_id)
      .compare("priority", a.priority, b.priority)
      .compare("version", a.version, b.version)
      .compare("advert_interval", a.advert_interval, b.advert_interval)
      .compare("preempt", a.preempt, b.preempt)
      .compare("preempt_delay", a.preempt_delay, b.preempt_delay)
      .compare("start_delay", a.start_delay, b.start_delay)
      .compare("accept", a.accept, b.accept)
      .compare("strict", a.strict, b.strict)
      .compare("auth", std::tie(a.auth, a.auth_password), std::tie(b.auth, b.auth_password))
      .compare("checksum", a.checksum_pseudo_header, b.checksum_pseudo_header)
      .compare("source", a.source, b.source)
      .compare("peers", a.peers, b.peers)
      .compare("multicast_group", a.multicast_group, b.multicast_group)
      .compare("least_ttl", a.least_ttl, b.least_ttl)
      .compare("virtual_mac", a.virtual_mac, b.virtual_mac)
      .compare("lease", a.lease, b.lease)
      .compare("probe_wait", a.probe_wait, b.probe_wait)
      .compare("on_probe_answer", a.take_answered, b.take_answered)
      .compare("conflict_patience", a.conflict_patience, b.conflict_patience)
      .compare("on_conflict", a.release_on_conflict, b.release_on_conflict)
      .compare("announce.repeats", a.announce_repeats, b.announce_repeats)
      .compare("announce.delay", a.announce_delay, b.announce_delay)
      .compare("announce.refresh", a.announce_refresh, b.announce_refresh)
      .compare("heartbeat", a.heartbeats, b.heartbeats)
      .compare("heartbeat_key", a.heartbeat_key, b.heartbeat_key)
      .compare("arbiters", a.arbiters, b.arbiters)
      .compare("arbiters_needed", a.arbiters_needed, b.arbiters_needed)
      .compare("arbiter_interval", a.arbiter_interval, b.arbiter_interval)
      .compare("arbiter_timeout", a.arbiter_timeout, b.arbiter_timeout)
      .compare("arbiter_fall", a.arbiter_fall, b.arbiter_fall)
      .compare("track", a.tracks, b.tracks)
      .compare("gateway_weight", a.gateway_weight, b.gateway_weight)
      .compare("sync_group", a.sync_group, b.sync_group)
      .compare("on_master", a.on_master, b.on_master)
      .compare("on_backup", a.on_backup, b.on_backup)
      .compare("on_fault", a.on_fault, b.on_fault)
      .compare("on_stop", a.on_stop, b.on_stop)
      .compare("on_change", a.on_change, b.on_change);
  return settings.take();
}

VipDiff diff_vip(const Vip& before, const Vip& after) {
  VipDiff changes{after.name, diff_settings(before, after)};
  if (changes.settings.empty()) changes.settings.emplace_back("another setting");  // invariant 1, should a field be missing above
  return changes;
}

/// One entry per receiver; the same receiver twice is told apart by its place among its likes.
NamesDiff diff_notifies(const std::vector<Notify>& before, const std::vector<Notify>& after) {
  struct Named {
    std::string receiver;
    const Notify* notify;
  };
  const auto named = [](const std::vector<Notify>& notifies) {
    std::vector<Named> all;
    std::map<std::string, int> seen;
    for (const Notify& notify : notifies) {
      std::string receiver = receiver_of(notify);
      if (const int before_it = seen[receiver]++; before_it > 0) receiver += fmt::format(" ({})", before_it + 1);
      all.push_back({std::move(receiver), &notify});
    }
    return all;
  };
  return diff_names(named(before), named(after), [](const Named& n) { return n.receiver; }, [](const Named& a, const Named& b) { return *a.notify == *b.notify; });
}

std::vector<std::string> restarts(const Config& a, const Config& b) {
  std::vector<std::string> words;
  const auto compare = [&words](std::string_view key, const std::string& x, const std::string& y) {
    const auto shown = [](const std::string& text) { return text.empty() ? "off" : text; };
    if (x != y) words.push_back(fmt::format("{} changed from {} to {}", key, shown(x), shown(y)));
  };
  const auto address = [](const Endpoint& e) { return e == Endpoint{} ? "" : e.to_string(); };
  compare("node.name", a.node.name, b.node.name);
  compare("node.shards", fmt::format("{}", a.node.shards), fmt::format("{}", b.node.shards));
  compare("node.state_dir", a.node.state_dir, b.node.state_dir);
  compare("node.user", a.node.user, b.node.user);
  compare("node.realtime_priority", fmt::format("{}", a.node.realtime_priority), fmt::format("{}", b.node.realtime_priority));
  if (a.vips.empty() && !b.vips.empty()) words.emplace_back("vip: the first one needs the process that holds it");
  compare("admin.http", address(a.admin.http), address(b.admin.http));
  compare("admin.socket", address(a.admin.socket), address(b.admin.socket));
  return words;
}

void describe_names(std::vector<std::string>& lines, std::string_view noun, const NamesDiff& names) {
  for (const std::string& name : names.added) lines.push_back(fmt::format("{} {} added", noun, name));
  for (const std::string& name : names.removed) lines.push_back(fmt::format("{} {} removed", noun, name));
  for (const std::string& name : names.changed) lines.push_back(fmt::format("{} {} changed", noun, name));
}

}  // namespace

ConfigDiff diff(const Config& before, const Config& after) {
  ConfigDiff changes;
  if (before == after) return changes;
  changes.services = diff_names(before.services, after.services, identity_of, kEqual);
  for (const std::string& identity : changes.services.changed) {
    const auto has_identity = [&](const Service& s) { return identity_of(s) == identity; };
    const auto old = std::find_if(before.services.begin(), before.services.end(), has_identity);
    const auto now = std::find_if(after.services.begin(), after.services.end(), has_identity);
    changes.service_changes.push_back(diff_service(*old, *now));
  }
  strip_identity(changes.services.added);
  strip_identity(changes.services.removed);
  strip_identity(changes.services.changed);

  changes.vips = diff_names(before.vips, after.vips, [](const Vip& v) { return v.name; }, kEqual);
  for (const std::string& name : changes.vips.changed) {
    const auto has_name = [&](const Vip& v) { return v.name == name; };
    changes.vip_changes.push_back(diff_vip(*std::find_if(before.vips.begin(), before.vips.end(), has_name),
                                           *std::find_if(after.vips.begin(), after.vips.end(), has_name)));
  }
  changes.notifies = diff_notifies(before.notifies, after.notifies);

  Settings settings;
  settings.compare("node.gateway_silence", before.node.gateway_silence, after.node.gateway_silence)
      .compare("node.gateway_kill", before.node.gateway_kill, after.node.gateway_kill)
      .compare("admin.token", before.admin.token, after.admin.token)
      .compare("admin.account", before.admin.account, after.admin.account)
      .compare("log.file", before.log.file, after.log.file)
      .compare("log.format", before.log.format, after.log.format)
      .compare("log.level", before.log.level, after.log.level);
  changes.settings = settings.take();
  changes.needs_restart = restarts(before, after);
  if (changes.empty() && !(before == after)) changes.settings.emplace_back("the order in the file");
  return changes;
}

std::vector<std::string> describe(const ConfigDiff& changes) {
  std::vector<std::string> lines;
  NamesDiff whole = changes.services;
  whole.changed.clear();  // told below, piece by piece
  describe_names(lines, "service", whole);
  for (const ServiceDiff& service : changes.service_changes) {
    const std::string prefix = fmt::format("service {}: ", service.name);
    describe_names(lines, prefix + "listener", service.listeners);
    describe_names(lines, prefix + "server", service.servers);
    describe_names(lines, prefix + "user", service.users);
    for (const std::string& key : service.settings) lines.push_back(fmt::format("{}{} changed", prefix, key));
  }
  NamesDiff vips = changes.vips;
  vips.changed.clear();
  describe_names(lines, "vip", vips);
  for (const VipDiff& vip : changes.vip_changes) {
    for (const std::string& key : vip.settings) lines.push_back(fmt::format("vip {}: {} changed", vip.name, key));
  }
  describe_names(lines, "notify", changes.notifies);
  for (const std::string& key : changes.settings) lines.push_back(fmt::format("{} changed", key));
  for (const std::string& words : changes.needs_restart) lines.push_back(fmt::format("{} (takes a restart)", words));
  return lines;
}

}  // namespace hf::config
