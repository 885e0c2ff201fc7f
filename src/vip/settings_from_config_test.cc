#include "vip/settings_from_config.h"

#include <gtest/gtest.h>

#include <functional>

namespace hf::vip {
namespace {

config::Vip plain() {
  config::Vip vip;
  vip.name = "db";
  vip.interface = "eth1";
  vip.router_id = 51;
  vip.advert_interval = 100ms;
  vip.addresses = {{.address = IpAddress::v4(198, 18, 0, 100),
                    .prefix_length = 24,
                    .interface = {},
                    .label = {},
                    .scope = "global"}};
  return vip;
}

config::Config with(const config::Vip& vip) {
  config::Config config;
  config.vips = {vip};
  return config;
}

RouterSettings router_of(const config::Vip& vip) { return settings_from(with(vip)).routers.at(0); }

struct Row {
  const char* name;
  std::function<void(config::Vip&)> change;
};

TEST(SettingsFromConfig, TheMachineAcceptsWhateverTheFileMaySay) {
  const Row rows[] = {
      {"plain", [](config::Vip&) {}},
      {"fastest", [](config::Vip& vip) { vip.advert_interval = 10ms; }},
      {"slowest", [](config::Vip& vip) { vip.advert_interval = 40950ms; }},
      {"shortest lease", [](config::Vip& vip) { vip.lease = 1s; }},
      {"longest lease", [](config::Vip& vip) { vip.lease = 24h; }},
      {"version 2", [](config::Vip& vip) { vip.version = 2, vip.advert_interval = 1s; }},
      {"version 2 slow", [](config::Vip& vip) { vip.version = 2, vip.advert_interval = 255s; }},
      {"owner", [](config::Vip& vip) { vip.priority = 255; }},
      {"lowest", [](config::Vip& vip) { vip.priority = 1; }},
      {"no probe", [](config::Vip& vip) { vip.probe_wait = 0s; }},
      {"no announcing",
       [](config::Vip& vip) { vip.announce_repeats = 0, vip.announce_delay = 0s, vip.announce_refresh = 0s; }},
      {"much announcing", [](config::Vip& vip) { vip.announce_repeats = 100000; }},
      {"take answered", [](config::Vip& vip) { vip.take_answered = true, vip.release_on_conflict = true; }},
      {"IPv6", [](config::Vip& vip) { vip.addresses[0].address = IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 0, 1}); }},
      {"255 addresses", [](config::Vip& vip) { vip.addresses.resize(255, vip.addresses[0]); }},
  };
  for (const Row& row : rows) {
    config::Vip vip = plain();
    row.change(vip);
    const policy::vrrp::Config machine = router_of(vip).machine;
    const Result<void> valid = policy::vrrp::validate(machine);
    EXPECT_TRUE(valid.ok()) << row.name << ": " << (valid.ok() ? "" : valid.error().context);
    EXPECT_LE(machine.refresh_interval, 1s) << row.name;
  }
}

TEST(SettingsFromConfig, CarriesTheTimersAndTheChoices) {
  config::Vip vip = plain();
  vip.priority = 150;
  vip.preempt = true;
  vip.preempt_delay = 7s;
  vip.start_delay = 3s;
  vip.lease = 2s;
  vip.probe_wait = 30ms;
  vip.take_answered = true;
  vip.conflict_patience = 11s;
  vip.release_on_conflict = true;
  vip.announce_repeats = 4;
  vip.announce_delay = 6s;
  vip.announce_refresh = 8s;
  vip.strict = true;
  const policy::vrrp::Config machine = router_of(vip).machine;
  EXPECT_EQ(machine.version, policy::vrrp::ProtocolVersion::kV3);
  EXPECT_EQ(machine.priority, 150);
  EXPECT_TRUE(machine.preempt);
  EXPECT_EQ(machine.preempt_delay, 7s);
  EXPECT_EQ(machine.start_delay, 3s);
  EXPECT_EQ(machine.advert_interval, 100ms);
  EXPECT_EQ(machine.lease, 2s);
  EXPECT_EQ(machine.refresh_interval, 400ms);
  EXPECT_EQ(machine.probe_wait, 30ms);
  EXPECT_EQ(machine.on_probe_answer, policy::vrrp::OnProbeAnswer::kTakeAfter);
  EXPECT_EQ(machine.conflict_patience, 11s);
  EXPECT_EQ(machine.on_held_conflict, policy::vrrp::OnHeldConflict::kRelease);
  EXPECT_EQ(machine.announce_repeats, 4);
  EXPECT_EQ(machine.announce_delay, 6s);
  EXPECT_EQ(machine.announce_refresh, 8s);
  EXPECT_TRUE(machine.strict);
  EXPECT_EQ(machine.addresses.at(0), IpAddress::v4(198, 18, 0, 100));
}

TEST(SettingsFromConfig, AddressesKeepTheirPlace) {
  config::Vip vip = plain();
  vip.addresses[0].interface = "eth2";
  vip.addresses[0].label = "eth2:vip";
  vip.addresses[0].scope = "link";
  vip.source = IpAddress::v4(198, 18, 0, 7);
  vip.peers = {IpAddress::v4(198, 18, 0, 2)};
  vip.least_ttl = 250;
  vip.virtual_mac = true;
  const RouterSettings router = router_of(vip);
  EXPECT_EQ(router.name, "db");
  EXPECT_EQ(router.interface, "eth1");
  EXPECT_EQ(router.router_id, 51);
  EXPECT_EQ(router.addresses.at(0), (VirtualAddress{.address = IpAddress::v4(198, 18, 0, 100),
                                                    .prefix_length = 24,
                                                    .interface = "eth2",
                                                    .label = "eth2:vip",
                                                    .scope = proto::netlink::Scope::kLink}));
  EXPECT_EQ(router.source, IpAddress::v4(198, 18, 0, 7));
  EXPECT_EQ(router.peers, std::vector{IpAddress::v4(198, 18, 0, 2)});
  EXPECT_EQ(router.least_ttl, 250);
  EXPECT_TRUE(router.virtual_mac);
}

TEST(SettingsFromConfig, TheGroupFollowsTheFamilyUnlessNamed) {
  EXPECT_EQ(router_of(plain()).multicast_group, proto::vrrp::kGroupV4);
  config::Vip v6 = plain();
  v6.addresses[0].address = IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 0, 1});
  EXPECT_EQ(router_of(v6).multicast_group, proto::vrrp::kGroupV6);
  config::Vip named = plain();
  named.multicast_group = IpAddress::v4(224, 0, 0, 118);
  EXPECT_EQ(router_of(named).multicast_group, IpAddress::v4(224, 0, 0, 118));
}

TEST(SettingsFromConfig, APasswordIsForVersionTwoOnly) {
  config::Vip vip = plain();
  vip.auth = config::VrrpAuth::kPassword;
  vip.auth_password = "secret";
  EXPECT_EQ(router_of(vip).auth.type, proto::vrrp::AuthType::kNone);
  vip.version = 2;
  vip.advert_interval = 1s;
  EXPECT_EQ(router_of(vip).auth, proto::vrrp::password_auth("secret"));
  vip.checksum_pseudo_header = false;
  EXPECT_EQ(router_of(vip).checksum, proto::vrrp::ChecksumDialect::kPlain);
}

TEST(SettingsFromConfig, TheKeyOfAnAuthenticationHeaderIsNoDataToSend) {
  config::Vip vip = plain();
  vip.auth = config::VrrpAuth::kHeader;
  vip.auth_password = "secret";
  EXPECT_EQ(router_of(vip).auth.type, proto::vrrp::AuthType::kNone);
  vip.version = 2;
  vip.advert_interval = 1s;
  EXPECT_EQ(router_of(vip).auth, proto::vrrp::Auth{.type = proto::vrrp::AuthType::kAuthenticationHeader});
  EXPECT_EQ(router_of(vip).authentication_key, "secret");
}

TEST(SettingsFromConfig, OnlyInterfaceTracksGoToTheGuardian) {
  config::Vip vip = plain();
  vip.tracks.resize(5);
  vip.tracks[0].kind = config::TrackKind::kService;
  vip.tracks[1].kind = config::TrackKind::kInterface;
  vip.tracks[1].target = "eth2";
  vip.tracks[1].weight = {.release = false, .points = -30};
  vip.tracks[2].kind = config::TrackKind::kScript;
  vip.tracks[3].kind = config::TrackKind::kProcess;
  vip.tracks[4].kind = config::TrackKind::kFile;
  vip.gateway_weight = {.release = false, .points = -50};
  vip.sync_group = "front";
  const RouterSettings router = router_of(vip);
  ASSERT_EQ(router.interfaces.size(), 1U);
  EXPECT_EQ(router.interfaces[0], (InterfaceTrack{.interface = "eth2", .weight = {.release = false, .points = -30}}));
  EXPECT_EQ(router.gateway_weight, (Weight{.release = false, .points = -50}));
  EXPECT_EQ(router.sync_group, "front");
}

TEST(SettingsFromConfig, HeartbeatsAndArbiters) {
  config::Vip vip = plain();
  vip.heartbeats = {{.interface = "eth2", .port = 700, .peers = {IpAddress::v4(198, 18, 1, 2)}}};
  vip.heartbeat_key = "key";
  vip.arbiters = {{.kind = ArbiterKind::kTcp, .address = IpAddress::v4(198, 18, 0, 9), .port = 22},
                  {.kind = ArbiterKind::kUdp, .address = IpAddress::v4(198, 18, 0, 9), .port = 53},
                  {.kind = ArbiterKind::kIcmp, .address = IpAddress::v4(198, 18, 0, 9)},
                  {.kind = ArbiterKind::kArp, .address = IpAddress::v4(198, 18, 0, 1)}};
  vip.arbiters_needed = 2;
  vip.arbiter_interval = 200ms;
  vip.arbiter_timeout = 150ms;
  vip.arbiter_fall = 5;
  config::Config config = with(vip);
  config.node.gateway_silence = 2s;
  config.node.gateway_kill = 20s;
  const Settings settings = settings_from(config);
  const RouterSettings& router = settings.routers.at(0);
  EXPECT_EQ(router.heartbeats.at(0), (HeartbeatPath{"eth2", 700, {IpAddress::v4(198, 18, 1, 2)}}));
  EXPECT_EQ(router.heartbeat_key, "key");
  ASSERT_EQ(router.arbiters.targets.size(), 4U);
  EXPECT_EQ(router.arbiters.targets[0], (ArbiterTarget{ArbiterKind::kTcp, {IpAddress::v4(198, 18, 0, 9), 22}}));
  EXPECT_EQ(router.arbiters.targets[1].kind, ArbiterKind::kUdp);
  EXPECT_EQ(router.arbiters.targets[2].kind, ArbiterKind::kIcmp);
  EXPECT_EQ(router.arbiters.targets[3].kind, ArbiterKind::kArp);
  EXPECT_EQ(router.arbiters.needed, 2U);
  EXPECT_EQ(router.arbiters.interval, 200ms);
  EXPECT_EQ(router.arbiters.timeout, 150ms);
  EXPECT_EQ(router.arbiters.fall, 5U);
  EXPECT_EQ(settings.gateway_silence, 2s);
  EXPECT_EQ(settings.gateway_kill, 20s);
}

}  // namespace
}  // namespace hf::vip
