#include "config/diff.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
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

  Settings settings;
  settings.compare("admin.token", before.admin.token, after.admin.token)
      .compare("admin.account", before.admin.account, after.admin.account)
      .compare("log.file", before.log.file, after.log.file)
      .compare("log.format", before.log.format, after.log.format)
      .compare("log.level", before.log.level, after.log.level);
  changes.settings = settings.take();
  changes.needs_restart = restarts(before, after);
  if (changes.empty() && !(before == after)) changes.settings.emplace_back("order of the services");
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
  for (const std::string& key : changes.settings) lines.push_back(fmt::format("{} changed", key));
  for (const std::string& words : changes.needs_restart) lines.push_back(fmt::format("{} (takes a restart)", words));
  return lines;
}

}  // namespace hf::config
