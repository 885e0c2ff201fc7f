// Messages between the guardian and its two children, the gateway and the steward. One message is one datagram of a
// Unix socket of type SOCK_SEQPACKET.
//
//   gateway ── Beat, GatewayReady, Verdicts, VipCommand, RunScript, SettingsChanged ──► guardian
//   gateway ◄─ Report, GuardianEvent, RouterTransition, AddressConflict, DuplicateMaster,
//              AddressesLeave, CommandDone, ScriptDone ─────────────────────────────────── guardian
//   guardian ─ LoadSettings, RunScript ─► steward         guardian ◄─ SettingsLoaded, SettingsFailed, ScriptDone ─ steward
//
// Owner: plain values. Thread: any.
// Invariants:
//   1. decode(encode(x)) == x; decode takes any bytes: the guardian trusts the gateway with nothing but its verdicts.
//   2. No message is longer than kLongestMessage; what is longer is not sent but refused by encode.
//   3. Verdicts carry the whole truth each time, so that one lost with a dying process does no harm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/event.h"
#include "base/events.h"
#include "base/result.h"
#include "policy/vrrp/action.h"
#include "policy/vrrp/input.h"
#include "vip/news.h"
#include "vip/settings.h"

namespace hf::vip::link {

inline constexpr std::size_t kLongestMessage = 192 * 1024;
inline constexpr std::size_t kLongestText = 4096;
inline constexpr std::size_t kLongestLongText = 16 * 1024;  // SettingsFailed::reason, the values of an event
inline constexpr std::size_t kLongestList = 1024;
inline constexpr std::int32_t kMostPoints = 1'000'000;  // of a Verdict: adding some up cannot overflow

using policy::vrrp::Mode;

// ── gateway to guardian ──

/// "I run", every kBeatInterval. stalled: how long the slowest of its loops has been inside one turn.
struct Beat {
  Nanos stalled{0};
  friend bool operator==(const Beat&, const Beat&) = default;
};
inline constexpr Nanos kBeatInterval = 100ms;

/// Clients can be served: listeners are open. false: the gateway is stopping.
struct GatewayReady {
  bool ready = false;
  friend bool operator==(const GatewayReady&, const GatewayReady&) = default;
};

/// What the gateway's tracked things come to for one VIP.
struct Verdict {
  std::string router{};
  std::int32_t points = 0;
  bool release = false;
  std::string reason{};  // of the release, in words
  friend bool operator==(const Verdict&, const Verdict&) = default;
};
struct Verdicts {
  std::vector<Verdict> verdicts{};
  friend bool operator==(const Verdicts&, const Verdicts&) = default;
};

struct VipCommand {
  std::uint64_t id = 0;  // handed back in CommandDone
  std::string router{};
  policy::vrrp::OperatorCommand command{};
  friend bool operator==(const VipCommand&, const VipCommand&) = default;
};

/// The configuration file was reloaded: the guardian has the steward read it too.
struct SettingsChanged {
  friend bool operator==(const SettingsChanged&, const SettingsChanged&) = default;
};

/// Which of the configured scripts to run (config::Script::id) and what to tell it. The command itself is never sent:
/// the steward has read it from the file.
struct RunScript {
  std::uint64_t id = 0;  // handed back in ScriptDone
  std::string script{};
  std::vector<std::string> arguments{};    // appended
  std::vector<std::string> environment{};  // "HOLDFAST_VIP=db"
  friend bool operator==(const RunScript&, const RunScript&) = default;
};

// ── guardian to gateway ──

/// Something that the priority is composed of, or that forbids being master.
struct Contribution {
  std::string source{};  // "gateway", "interface eth2", "arbiters", "track"
  std::int32_t points = 0;
  bool release = false;
  std::string reason{};
  friend bool operator==(const Contribution&, const Contribution&) = default;
};
struct PathReport {
  std::string path{};          // "eth1", "heartbeat eth2"
  std::int64_t heard_ms = -1;  // since the last message of a peer; -1: never
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t send_failures = 0;
  friend bool operator==(const PathReport&, const PathReport&) = default;
};
struct ArbiterReport {
  std::string target{};  // "arp 198.18.0.1", "tcp 198.18.0.9:22"
  bool reached = false;
  friend bool operator==(const ArbiterReport&, const ArbiterReport&) = default;
};
struct RefusedCount {
  std::string reason{};  // proto::vrrp::to_string(Refusal), or "interval", "addresses"
  std::uint64_t count = 0;
  friend bool operator==(const RefusedCount&, const RefusedCount&) = default;
};
struct RouterReport {
  std::string name{};
  std::string interface{};
  std::uint8_t router_id = 0;
  std::uint8_t version = 3;
  std::vector<std::string> addresses{};  // "198.18.0.100/24"
  Mode mode = Mode::kInitialize;
  bool holding = false;                  // the addresses are on the interface
  std::int64_t since_wall_micros = 0;    // of the mode
  std::string reason{};                  // of the mode
  std::string master{};                  // "198.18.0.2"; own address when we are; "" unknown
  std::uint8_t master_priority = 0;
  std::string own_address{};
  std::uint8_t base_priority = 0;
  std::uint8_t priority = 0;             // effective
  bool preferred = false;                // by the operator
  std::string sync_group{};
  std::vector<Contribution> contributions{};
  std::vector<Transition> transitions{};  // the latest 16, oldest first
  std::vector<PathReport> paths{};
  std::vector<ArbiterReport> arbiters{};
  std::vector<RefusedCount> refused{};
  std::uint64_t transitions_total = 0;
  std::uint64_t became_master_total = 0;
  std::uint64_t conflicts_total = 0;
  friend bool operator==(const RouterReport&, const RouterReport&) = default;
};
struct Report {
  std::int64_t guardian_pid = 0;
  std::int64_t steward_pid = 0;
  bool realtime = false;       // runs with a real-time priority
  bool memory_locked = false;
  std::uint64_t gateway_restarts = 0;
  Nanos longest_delay{0};      // the latest that a timer of the guardian ever was
  std::vector<RouterReport> routers{};
  friend bool operator==(const Report&, const Report&) = default;
};

/// An event of the guardian for the gateway's log; stamped with wall time. One of vip/events.h or base/events.h. What is more than an
/// event travels as what it is (vip/news.h).
struct GuardianEvent {
  Event event{*hf::events::kAll.front()};  // until it is read
  friend bool operator==(const GuardianEvent&, const GuardianEvent&) = default;
};

/// This node is about to lose the addresses of a router, or has lost them: clients that came in on them are to be cut.
struct AddressesLeave {
  std::string router{};
  friend bool operator==(const AddressesLeave&, const AddressesLeave&) = default;
};

struct CommandDone {
  std::uint64_t id = 0;
  bool done = false;
  std::string text{};  // what happened, or why not
  friend bool operator==(const CommandDone&, const CommandDone&) = default;
};

// ── steward ──

struct LoadSettings {
  friend bool operator==(const LoadSettings&, const LoadSettings&) = default;
};
struct SettingsLoaded {
  Settings settings{};
};
struct SettingsFailed {
  std::string reason{};
  friend bool operator==(const SettingsFailed&, const SettingsFailed&) = default;
};
struct ScriptDone {
  std::uint64_t id = 0;
  bool started = false;   // false: reason tells why not
  bool timed_out = false;
  std::int32_t exit_code = 0;  // 128 + signal when a signal ended it
  std::string output{};   // the first 512 bytes of its output; the reason where not started
  friend bool operator==(const ScriptDone&, const ScriptDone&) = default;
};

using Message = std::variant<Beat, GatewayReady, Verdicts, VipCommand, SettingsChanged, RunScript, Report, GuardianEvent,
                             CommandDone, LoadSettings, SettingsLoaded, SettingsFailed, ScriptDone, AddressesLeave,
                             RouterTransition, AddressConflict, DuplicateMaster>;

/// As it travels, and as it arrives; nothing where the message is none.
Message message_of(News news);
std::optional<News> news_in(Message message);

/// kInvalidArgument: longer than kLongestMessage, or with a value that decode would refuse: a text or a list that is too
/// long, an enumerator that does not exist, an event with fields that are not its own.
Result<std::string> encode(const Message& message);
/// kProtocol: not one whole message of a known type with values in range.
Result<Message> decode(ByteView datagram);

}  // namespace hf::vip::link
