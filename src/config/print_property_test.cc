// Printing and loading again is the identity: over configurations that are drawn from a list of numbers, so that a
// failure shrinks to a short file. Every key of the schema is drawn at some time (the last test looks).
//
// HF_CONFIG_DRAWS: how many configurations (default 1,000). HF_CONFIG_SEED: with which seed.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "config/diff.h"
#include "config/file/address.h"
#include "config/parse.h"
#include "config/print.h"
#include "config/schema.h"

namespace hf::config {
namespace {

using file::SecretSource;

/// Numbers that become a configuration; when they are used up, the rest is the first of all choices.
class Draws {
 public:
  explicit Draws(std::vector<std::uint32_t> numbers) : numbers_(std::move(numbers)) {}

  /// 0 to below `choices`.
  std::uint32_t below(std::uint32_t choices) { return next_ < numbers_.size() ? numbers_[next_++] % choices : 0; }
  bool flag() { return below(2) == 1; }
  bool one_in(std::uint32_t n) { return below(n) == n - 1; }
  /// As the reader would take it: from `min` to `max`, now in one unit and now in another.
  Nanos duration(Nanos min, Nanos max) {
    constexpr Nanos kUnits[] = {Nanos(1s), Nanos(1ms), Nanos(1us), Nanos(1), Nanos(1min), Nanos(1h), Nanos(24h)};
    const Nanos drawn = kUnits[below(7)] * std::int64_t{below(100)};
    return std::clamp(drawn, min, max);
  }
  std::uint32_t count(std::uint32_t min, std::uint32_t max) { return min + below(max - min + 1); }
  /// What a text may hold: whatever TOML has a meaning for, and letters of other alphabets.
  std::string text() {
    static const char* const kPieces[] = {
        "a", "B7",  " ",     "\"",      "\\", "'", "\"\"\"", "#",          "..................",
        "=", "[x]", "{ y }", "\\u0041", "ü",  "Ј", "日本",   "\U0001F980", "\xC2\xA0",
        ",", "/",   "$",     "\\n"};
    std::string out = kPieces[below(3)];
    for (std::uint32_t i = below(6); i > 0; --i) out += kPieces[below(std::size(kPieces))];
    return out;
  }
  std::string path() { return "/" + text(); }

 private:
  std::vector<std::uint32_t> numbers_;
  std::size_t next_ = 0;
};

constexpr const char* kUrlPlace = "/etc/url";

/// A machine on which every file and every variable holds a secret of its own, and those of one name a URL.
std::string secret_of(const SecretSource& source) {
  if (source.file == kUrlPlace || source.variable == kUrlPlace) return "http://[fd00::1]:8080/a\"b\\c?d=1";
  return source.file.empty() ? "value of " + source.variable : "content of " + source.file;
}

LoadContext machine() {
  LoadContext context;
  context.host_name = "another-host";
  context.environment = [](const std::string& name) { return std::optional(secret_of({{}, name})); };
  context.read_secret = [](const std::string& path) -> Result<SecretFile> {
    return SecretFile{secret_of({path, {}}), false};
  };
  return context;
}

class Drawing {
 public:
  explicit Drawing(std::vector<std::uint32_t> numbers) : draws_(std::move(numbers)) {}

  Config config() {
    node(config_.node);
    admin(config_.admin);
    config_.log = {draws_.flag() ? draws_.path() : "", static_cast<LogFormat>(draws_.below(2)),
                   static_cast<LogLevel>(draws_.below(4))};
    for (std::uint32_t i = draws_.below(4); i > 0; --i) service(config_.services.emplace_back());
    for (std::uint32_t i = draws_.below(4); i > 0; --i) vip(config_.vips.emplace_back());
    for (std::uint32_t i = draws_.below(4); i > 0; --i) notify(config_.notifies.emplace_back());
    return config_;
  }

 private:
  Endpoint at(std::string host) { return {std::move(host), port(), {}}; }
  std::string unique(std::string_view stem) { return fmt::format("{}{}", stem, ++names_); }
  std::uint16_t port() { return static_cast<std::uint16_t>(1000 + ++names_); }
  SecretSource source() { return draws_.flag() ? SecretSource{draws_.path(), {}} : SecretSource{{}, draws_.text()}; }
  std::string drawn_secret(SecretSource& from) {
    from = source();
    return secret_of(from);
  }
  Account account() {
    Account drawn{unique(draws_.text()), {}, {}};
    drawn.password = drawn_secret(drawn.password_from);
    return drawn;
  }
  Weight weight() { return draws_.flag() ? Weight{false, static_cast<int>(draws_.count(0, 506)) - 253} : Weight{}; }

  void node(Node& node) {
    node.name = unique("gw-");
    node.shards = draws_.count(1, 64);
    node.state_dir = draws_.flag() ? draws_.path() : "/var/lib/holdfast";
    if (draws_.flag()) node.user = "carol";
    node.gateway_silence = draws_.duration(200ms, 1min);
    node.gateway_kill = draws_.duration(std::max<Nanos>(1s, node.gateway_silence), 1h);
    node.realtime_priority = draws_.count(0, 50);
  }

  void admin(Admin& admin) {
    if (draws_.flag()) admin.token = drawn_secret(admin.token_from);
    if (draws_.flag()) admin.account = account();
    const bool guarded = !admin.token.empty() || !admin.account.user.empty();
    if (!draws_.one_in(3)) admin.http = at(draws_.flag() ? "::1" : (guarded ? "0.0.0.0" : "127.0.0.1"));
    if (!draws_.one_in(3)) admin.socket.unix_path = "/run/" + unique("admin");
  }

  void service(Service& service) {
    service.name = unique("s_");
    service.protocol = static_cast<Protocol>(draws_.below(2));
    service.balance = static_cast<Balance>(draws_.below(2));
    if (draws_.flag()) service.allow = {*file::parse_network("10.0.0.0/8"), *file::parse_network("fd00::1")};
    service.max_connections = draws_.count(1, 1'000'000);
    service.connect_timeout = draws_.duration(1ms, 5min);
    service.client_timeout = draws_.duration(1s, 365 * 24h);
    service.server_timeout = draws_.duration(0s, 24h);
    service.resolve_interval = draws_.duration(0s, 24h);
    service.check = {draws_.duration(10ms, 1h), draws_.duration(10ms, 1h), draws_.count(1, 100), draws_.count(1, 100)};
    for (std::uint32_t i = draws_.below(3); i < 3; ++i) listen(service, service.listen.emplace_back());
    for (std::uint32_t i = draws_.below(3); i < 3; ++i) server(service.servers.emplace_back());
    service.servers.front().weight = 1;
    if (service.protocol == Protocol::kMysql) mysql(service.mysql);
  }

  void listen(const Service& service, Listen& listen) {
    if (draws_.one_in(4)) {
      listen.endpoint.unix_path = unique("/run/") + " \"#\\Ј.sock";
    } else {
      listen.endpoint = at(draws_.flag() ? "fd00::7" : "10.0.0.7");
      if (draws_.one_in(8)) listen.endpoint.port = 0;
    }
    if (service.protocol == Protocol::kMysql) listen.mysql.route = static_cast<ListenRoute>(draws_.below(3));
  }

  void server(Server& server) {
    server.address = at(draws_.flag() ? "db-1.example" : (draws_.flag() ? "fd00::9" : "10.0.0.9"));
    server.name = draws_.flag() ? unique("db") : server.address.to_string();
    server.weight = draws_.count(0, 1000);
  }

  void mysql(Mysql& mysql) {
    mysql.monitor = account();
    for (std::uint32_t i = draws_.below(3); i > 0; --i) mysql.users.push_back(account());
    mysql.users_from_servers = draws_.flag();
    mysql.max_replica_lag = draws_.duration(1ms, 24h);
    mysql.max_server_connections = draws_.count(1, 100'000);
    mysql.hold_timeout = draws_.duration(0s, 1h);
    mysql.reads_fallback_to_primary = draws_.flag();
    mysql.pool_idle_timeout = draws_.duration(1s, 24h);
    mysql.max_connection_age = draws_.duration(0s, 365 * 24h);
    mysql.slow_start = draws_.duration(0s, 1h);
  }

  IpAddress address(const Vip& vip, std::uint32_t host) const {
    const bool v4 = vip.addresses.empty() || vip.addresses.front().address.is_v4();
    return v4 ? IpAddress::v4(198, 18, 9, static_cast<std::uint8_t>(host))
              : IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 9, static_cast<std::uint16_t>(host)});
  }

  void addresses(Vip& vip) {
    const bool v4 = vip.version == 2 || draws_.flag();
    for (std::uint32_t i = draws_.below(3); i < 3; ++i) {
      VipAddress drawn;
      const auto host = static_cast<std::uint16_t>(++names_);
      const auto low = static_cast<std::uint8_t>(1 + host % 200);
      drawn.address = v4 ? IpAddress::v4(198, 18, static_cast<std::uint8_t>(1 + host / 200), low)
                         : IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, host});
      drawn.prefix_length = static_cast<std::uint8_t>(draws_.flag() ? 16 : (v4 ? 32 : 128));
      if (draws_.flag()) drawn.interface = "eth7";
      if (v4 && draws_.flag()) drawn.label = (drawn.interface.empty() ? vip.interface : drawn.interface) + ":1\"";
      constexpr const char* kScopes[] = {"global", "site", "link", "host"};
      drawn.scope = kScopes[draws_.below(4)];
      vip.addresses.push_back(drawn);
    }
  }

  void vip(Vip& vip) {
    vip.name = unique("v.");
    vip.interface = draws_.flag() ? "eth1" : "br\"0\\";
    vip.version = draws_.flag() ? 2 : 3;
    addresses(vip);
    const bool v4 = vip.addresses.front().address.is_v4();
    vip.router_id = static_cast<std::uint8_t>(++names_);
    vip.priority = static_cast<std::uint8_t>(draws_.count(1, 255));
    vip.advert_interval = vip.version == 2 ? Nanos(1s) * draws_.count(1, 255) : Nanos(10ms) * draws_.count(1, 4095);
    vip.preempt = draws_.flag();
    if (vip.preempt) vip.preempt_delay = draws_.duration(0s, 1h);
    vip.start_delay = draws_.duration(0s, 1h);
    vip.strict = vip.version == 2 && draws_.flag();
    if (vip.version == 2) vip.auth = static_cast<VrrpAuth>(draws_.below(3));
    if (vip.auth != VrrpAuth::kNone) vip.auth_password = drawn_secret(vip.auth_password_from);
    vip.checksum_pseudo_header = vip.version == 2 || !v4 || draws_.flag();
    vip.virtual_mac = draws_.flag();
    vip.lease = Nanos(1s) * draws_.count(1, 60);
    vip.probe_wait = draws_.duration(0s, 1s);
    vip.take_answered = draws_.flag();
    vip.conflict_patience = draws_.duration(0s, 1h);
    vip.release_on_conflict = draws_.flag();
    vip.announce_repeats = draws_.count(1, 100);
    vip.announce_delay = draws_.duration(0s, 1h);
    vip.announce_refresh = draws_.duration(0s, 24h);
    vip.gateway_weight = weight();
    if (draws_.flag()) vip.sync_group = "pair";
    destinations(vip);
    company(vip);
    for (std::uint32_t i = draws_.below(5); i > 0; --i) track(vip, vip.tracks.emplace_back());
    scripts(vip);
  }

  void destinations(Vip& vip) {
    if (draws_.flag()) vip.source = address(vip, 1);
    if (draws_.flag()) vip.peers = {address(vip, 2), address(vip, 3)};
    // peers = [] makes it good without any
    if (draws_.flag()) vip.least_ttl = static_cast<std::uint8_t>(draws_.count(1, 255));
    const bool v4 = vip.addresses.front().address.is_v4();
    if (vip.peers.empty() && draws_.flag()) {
      vip.multicast_group = v4 ? IpAddress::v4(224, 0, 0, 19) : IpAddress::v6({0xff02, 0, 0, 0, 0, 0, 0, 0x13});
    }
  }

  void company(Vip& vip) {
    for (std::uint32_t i = draws_.below(3); i > 0; --i) {
      vip.heartbeats.push_back(
          {"eth2", static_cast<std::uint16_t>(draws_.count(1, 65535)), {address(vip, 4), address(vip, 5)}});
    }
    if (!vip.heartbeats.empty() && draws_.flag()) vip.heartbeat_key = drawn_secret(vip.heartbeat_key_from);
    for (std::uint32_t i = draws_.below(4); i > 0; --i) {
      Arbiter arbiter{static_cast<ArbiterKind>(draws_.below(4)), address(vip, 6), 0};
      if (arbiter.kind == ArbiterKind::kArp) arbiter.address = IpAddress::v4(198, 18, 9, 6);
      if (arbiter.kind == ArbiterKind::kTcp || arbiter.kind == ArbiterKind::kUdp) arbiter.port = port();
      vip.arbiters.push_back(arbiter);
    }
    if (!vip.arbiters.empty()) vip.arbiters_needed = draws_.count(1, static_cast<std::uint32_t>(vip.arbiters.size()));
    vip.arbiter_interval = draws_.duration(10ms, 1min);
    vip.arbiter_timeout = draws_.duration(10ms, 1min);
    vip.arbiter_fall = draws_.count(1, 100);
  }

  std::vector<std::string> command() {
    if (draws_.one_in(3)) return {"/bin/sh", "-c", draws_.one_in(4) ? std::string() : draws_.text()};
    std::vector<std::string> words{draws_.path()};
    for (std::uint32_t i = draws_.below(4); i > 0; --i) {
      words.push_back(draws_.one_in(4) ? std::string() : draws_.text());
    }
    return words;
  }

  void track(const Vip& vip, Track& track) {
    track.kind = static_cast<TrackKind>(draws_.below(5));
    if (track.kind == TrackKind::kService && config_.services.empty()) track.kind = TrackKind::kInterface;
    track.weight = weight();
    if (track.kind == TrackKind::kInterface) track.target = "eth3";
    if (track.kind == TrackKind::kProcess) track.target = draws_.text();
    if (track.kind == TrackKind::kFile) track.target = draws_.path();
    if (track.kind == TrackKind::kService) {
      const Service& service = config_.services[draws_.below(static_cast<std::uint32_t>(config_.services.size()))];
      track.target = service.name;
      if (service.protocol == Protocol::kMysql) track.needs = static_cast<ServiceNeeds>(draws_.below(3));
      if (track.needs != ServiceNeeds::kPrimary) {
        track.at_least = draws_.count(1, static_cast<std::uint32_t>(service.servers.size()));
      }
    } else if (track.kind == TrackKind::kProcess) {
      track.at_least = draws_.count(1, 10'000);
    }
    if (track.kind != TrackKind::kService && track.kind != TrackKind::kInterface) {
      track.interval = draws_.duration(10ms, 1h);
    }
    if (track.kind != TrackKind::kScript) return;
    track.rise = draws_.count(1, 100);
    track.fall = draws_.count(1, 100);
    const Nanos timeout = draws_.flag() ? track.interval : draws_.duration(10ms, 1h);
    track.script = {fmt::format("{}/track/{}", vip.name, vip.tracks.size() - 1), command(),
                    draws_.flag() ? "nobody" : config_.node.user, timeout};
  }

  void scripts(Vip& vip) {
    const std::string user = draws_.flag() ? "ops" : config_.node.user;
    const Nanos timeout = draws_.duration(10ms, 1h);
    const std::pair<const char*, Script*> all[] = {{"on_master", &vip.on_master},
                                                   {"on_backup", &vip.on_backup},
                                                   {"on_fault", &vip.on_fault},
                                                   {"on_stop", &vip.on_stop},
                                                   {"on_change", &vip.on_change}};
    for (const auto& [key, script] : all) {
      if (draws_.flag()) *script = {fmt::format("{}/{}", vip.name, key), command(), user, timeout};
    }
  }

  void notify(Notify& notify) {
    notify.kind = static_cast<NotifyKind>(draws_.below(config_.vips.empty() ? 4 : 5));
    notify.timeout = draws_.duration(100ms, 5min);
    notify.retries = draws_.count(0, 100);
    if (draws_.flag()) notify.name = unique("notify");
    if (draws_.flag()) notify.events = {"HF-2002", "HF-6xxx"};
    if (draws_.flag()) notify.level = static_cast<EventLevel>(draws_.below(3));
    for (const Vip& vip : config_.vips) {
      if (draws_.flag() && !tells_events(notify)) notify.vips.push_back(vip.name);
    }
    switch (notify.kind) {
      case NotifyKind::kFifo: notify.path = draws_.path(); break;
      case NotifyKind::kSocket: notify.path = "/run/" + unique("socket"); break;
      case NotifyKind::kSmtp:
        notify.server = {draws_.flag() ? "mail.example" : "::1", 25, {}};
        notify.from = "hold'fast@example.org";
        notify.to = {"a\\b@example.org", "c@example.org"};
        break;
      case NotifyKind::kWebhook: {
        if (draws_.flag()) notify.url_from = draws_.flag() ? SecretSource{kUrlPlace, {}} : SecretSource{{}, kUrlPlace};
        notify.url = notify.url_from.empty() ? "http://host" : secret_of(notify.url_from);
        const file::HttpUrl parts = *file::parse_http_url(notify.url);
        notify.server = parts.server;
        notify.url_path = parts.path;
        if (draws_.flag()) notify.token = drawn_secret(notify.token_from);
        break;
      }
      case NotifyKind::kCommand:
        notify.command = {fmt::format("notify/{}", config_.notifies.size() - 1), command(),
                          draws_.flag() ? "nobody" : config_.node.user, notify.timeout};
    }
  }

  Draws draws_;
  Config config_;
  std::uint32_t names_ = 0;
};

/// What of it is not as it should be; empty where printing and loading again is the identity.
std::string trouble_with(const Config& config) {
  const std::string text = print_toml(config);
  const LoadResult again = load_text(text, "/etc/holdfast/printed.toml", machine());
  if (!again.ok()) return to_string(again) + text;
  std::string differences;
  for (const std::string& line : describe(diff(config, *again.config))) differences += line + "\n";
  if (*again.config != config) return differences + text;
  if (print_toml(*again.config) != text) return "where secrets are read has changed\n" + text;
  if (text.find("content of ") != std::string::npos || text.find("value of ") != std::string::npos) {
    return "a secret is in it\n" + text;
  }
  return {};
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody here sets the environment
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

TEST(PrintProperty, PrintingAndLoadingAgainIsTheIdentity) {
  rc::detail::TestParams params;
  params.seed = from_environment("HF_CONFIG_SEED", 20261130);
  params.maxSuccess = static_cast<int>(from_environment("HF_CONFIG_DRAWS", 1000));
  params.maxSize = 500;
  std::cout << params.maxSuccess << " configurations, seed " << params.seed << "\n";
  rc::detail::TestMetadata metadata;
  metadata.id = metadata.description = "printing and loading again is the identity";
  const auto property = [] {
    const auto number = rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint32_t>(0, 1U << 24));
    const std::string trouble = trouble_with(Drawing(*rc::gen::container<std::vector<std::uint32_t>>(number)).config());
    if (!trouble.empty()) RC_FAIL(trouble);
  };
  const rc::detail::TestResult result = rc::detail::checkTestable(property, metadata, params);
  std::ostringstream words;
  rc::detail::printResultMessage(result, words);
  rc::detail::SuccessResult success;
  EXPECT_TRUE(result.match(success)) << words.str();
}

TEST(PrintProperty, EveryKeyIsDrawnAndPrintedAtSomeTime) {
  std::mt19937 random(1);
  std::string all;
  for (int i = 0; i < 200; ++i) {
    std::vector<std::uint32_t> numbers(500);
    for (std::uint32_t& number : numbers) number = static_cast<std::uint32_t>(random());
    all += print_toml(Drawing(numbers).config());
  }
  const std::set<std::string_view> never = {"vip.accept", "service.mysql.read_your_writes",  // have one value
                                            "(account).name"};                               // the same as user
  for (const file::Key& key : schema()) {
    if (key.field.read == nullptr || never.contains(key.path)) continue;
    const bool anywhere = all.find(fmt::format("\n{} = ", key.leaf())) != std::string::npos ||  //
                          all.find(fmt::format(" {} = ", key.leaf())) != std::string::npos;
    EXPECT_TRUE(anywhere || key.path == "service.listen.address" || key.path == "vip.addresses.address") << key.path;
  }
}

}  // namespace
}  // namespace hf::config
