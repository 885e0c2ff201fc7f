#include "config/diff.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "config/needs.h"
#include "config/schema.h"

namespace hf::config {

namespace {

using file::diff_names;

/// Who is told, without what may be a secret in a URL, or a program as its arguments.
std::string receiver_of(const Notify& notify) {
  if (!notify.name.empty()) return notify.name;
  switch (notify.kind) {
    case NotifyKind::kFifo: return fmt::format("fifo {}", notify.path);
    case NotifyKind::kSocket: return fmt::format("socket {}", notify.path);
    case NotifyKind::kSmtp: return fmt::format("smtp {}", notify.server.to_string());
    case NotifyKind::kWebhook:
      return fmt::format("webhook {}", notify.url_from.empty() ? notify.url : notify.server.to_string());
    case NotifyKind::kCommand: return fmt::format("command {}", notify.command.command.front());
  }
  return {};
}

constexpr auto kEqual = [](const auto& a, const auto& b) { return a == b; };

/// The settings of two that are of one type, as they are written below `table`.
template <typename T>
std::vector<std::string> settings_of(std::string_view table, const T& before, const T& after) {
  return file::changed_keys(schema(), file::pair_of(schema(), table, before, after));
}

template <typename T>
void add_settings(std::vector<std::string>& all, std::string_view table, const T& before, const T& after) {
  for (const std::string& key : settings_of(table, before, after)) all.push_back(fmt::format("{}.{}", table, key));
}

template <typename T>
void add_restarts(std::vector<std::string>& all, std::string_view table, const T& before, const T& after) {
  for (std::string& line : file::changes_for_restart(schema(), file::pair_of(schema(), table, before, after))) {
    all.push_back(std::move(line));
  }
}

ServiceDiff diff_service(const Service& before, const Service& after) {
  ServiceDiff changes;
  changes.name = after.name;
  changes.listeners =
      diff_names(before.listen, after.listen, [](const Listen& l) { return l.endpoint.to_string(); }, kEqual);
  changes.servers = diff_names(before.servers, after.servers, [](const Server& s) { return s.name; }, kEqual);
  changes.users = diff_names(before.mysql.users, after.mysql.users, [](const Account& a) { return a.user; }, kEqual);
  changes.settings = settings_of("service", before, after);
  // Invariant 1 holds for a new order of the same elements, too.
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

VipDiff diff_vip(const Vip& before, const Vip& after) {
  VipDiff changes{after.name, settings_of("vip", before, after)};
  // invariant 1, should a member have no key
  if (changes.settings.empty()) changes.settings.emplace_back("another setting");
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
  return diff_names(
      named(before), named(after), [](const Named& n) { return n.receiver; },
      [](const Named& a, const Named& b) { return *a.notify == *b.notify; });
}

std::vector<std::string> restarts(const Config& a, const Config& b) {
  std::vector<std::string> words;
  add_restarts(words, "node", a.node, b.node);
  const Needs needs = needs_of(b);
  if (!needs_of(a).any() && needs.any()) {  // then there is no guardian
    if (needs.addresses) words.emplace_back("vip: the first one needs the process that holds it");
    if (needs.low_ports) words.emplace_back("listen: the first port below 1024 needs the process that opens it");
    if (needs.programs) words.emplace_back("command: the first program needs the process that runs it");
  }
  add_restarts(words, "admin", a.admin, b.admin);
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

  add_settings(changes.settings, "node", before.node, after.node);
  add_settings(changes.settings, "admin", before.admin, after.admin);
  add_settings(changes.settings, "log", before.log, after.log);
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
