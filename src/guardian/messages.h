// Messages between the guardian and its two children, the gateway and the steward. One message is one datagram of a
// Unix socket of type SOCK_SEQPACKET.
//
//   gateway ── Beat, GatewayReady, Verdicts, VipCommand, RunScript, SettingsChanged ──► guardian
//   gateway ◄─ Report, GuardianEvent, RouterTransition, AddressConflict, DuplicateMaster,
//              AddressesLeave, CommandDone, ScriptDone ─────────────────────────────────── guardian
//   guardian ─ LoadSettings, RunScript ─► steward         guardian ◄─ SettingsLoaded, SettingsFailed, ScriptDone ─
//   steward
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
#include "policy/vrrp/input.h"
#include "vip/news.h"
#include "vip/report.h"
#include "vip/script_port.h"
#include "vip/settings.h"
#include "vip/standing_order.h"
#include "vip/verdict.h"

namespace hf::guardian {

inline constexpr std::size_t kLongestMessage = 192 * 1024;
inline constexpr std::size_t kLongestText = 4096;
inline constexpr std::size_t kLongestLongText = 16 * 1024;  // SettingsFailed::reason, the values of an event
inline constexpr std::size_t kLongestList = 1024;
inline constexpr std::int32_t kMostPoints = 1'000'000;  // of a Verdict: adding some up cannot overflow

// What travels, and is known beyond these processes' talk.
using vip::AddressConflict;
using vip::ArbiterReport;
using vip::Contribution;
using vip::DuplicateMaster;
using vip::News;
using vip::PathReport;
using vip::RefusedCount;
using vip::RouterReport;
using vip::RouterTransition;
using vip::ScriptDone;
using vip::Settings;
using vip::StandingOrder;
using vip::Transition;
using vip::Verdict;
using vip::Verdicts;

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

struct Report {
  std::int64_t guardian_pid = 0;
  std::int64_t steward_pid = 0;
  bool realtime = false;  // runs with a real-time priority
  bool memory_locked = false;
  std::uint64_t gateway_restarts = 0;
  Nanos longest_delay{0};  // the latest that a timer of the guardian ever was
  std::vector<RouterReport> routers{};
  std::vector<StandingOrder> orders{};
  friend bool operator==(const Report&, const Report&) = default;
};

/// An event of the guardian for the gateway's log; stamped with wall time. One of guardian/events.h, vip/events.h or
/// base/events.h. What is more than an event travels as what it is (vip/news.h).
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
using Message = std::variant<Beat, GatewayReady, Verdicts, VipCommand, SettingsChanged, RunScript, Report,
                             GuardianEvent, CommandDone, LoadSettings, SettingsLoaded, SettingsFailed, ScriptDone,
                             AddressesLeave, RouterTransition, AddressConflict, DuplicateMaster>;

/// As it travels, and as it arrives; nothing where the message is none.
Message message_of(News news);
std::optional<News> news_in(Message message);

/// kInvalidArgument: longer than kLongestMessage, or with a value that decode would refuse: a text or a list that is
/// too long, an enumerator that does not exist, an event with fields that are not its own.
Result<std::string> encode(const Message& message);
/// kProtocol: not one whole message of a known type with values in range.
Result<Message> decode(ByteView datagram);

}  // namespace hf::guardian
