// Events: everything an operator may want to know has a number, a name, a level, named fields and a paragraph of
// advice. Free text is for debugging only. An event is a struct of the room that tells of it (its events.h): a member
// for each field, and the words beside them. app/event_catalogue.h has them all; docs/events.md is its rendering.
//
//   struct AcceptPaused {
//     EventText service, reason;
//     static constexpr EventWords kWords{.id = EventId::kAcceptPaused, …};
//     static constexpr EventMember<AcceptPaused> kFields[] = {{"service", &AcceptPaused::service}, …};
//   };
//   control.event(events::AcceptPaused{.service = name(), .reason = why});
//
// Owner: whoever makes one; the control thread keeps them in an EventLog. Thread: any (plain values, constant tables).
// Invariants:
//   1. Numbers and names are a contract with scripts: never reused, never given another meaning.
//   2. What is documented is sent, and nothing else: a struct whose members are not its fields does not compile, nor
//      does an event without one of them (event_text.h). `count` belongs to all besides: how many there were since the
//      last one that was reported.
//   3. Rendered events are one line to every reader, whatever the values hold: values may come from hostile peers.
//   4. Whoever collects events bounds their values (bound_values): peers choose how long some are.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/event_text.h"
#include "base/time.h"

namespace hf {

enum class EventLevel : std::uint8_t { kInfo, kWarning, kError };

enum class EventId : std::uint16_t {
  // 1xxx: the process and its configuration
  kStarted = 1001,
  kStopping = 1002,
  kStopped = 1003,
  kConfigLoaded = 1010,
  kConfigRejected = 1011,
  kConfigReloaded = 1012,
  kConfigNeedsRestart = 1013,
  kListenerOpened = 1020,
  kListenerFailed = 1021,
  kListenerClosed = 1022,
  kLogReopened = 1030,
  kLogLinesLost = 1031,
  kLogFailed = 1032,
  kLogNotTaken = 1033,
  kAdminCommand = 1040,
  kAdminRefused = 1041,
  kAdminCrowded = 1042,
  kNameMoved = 1050,
  kNameUnresolved = 1051,
  // 2xxx: servers and their roles
  kServerUp = 2001,
  kServerDown = 2002,
  kServerDrained = 2003,
  kServerResumed = 2004,
  kServerSlowStart = 2005,
  kMonitorLoginFailed = 2006,
  kRoleChanged = 2010,
  kPrimaryElected = 2011,
  kPrimaryLost = 2012,
  kNoPrimary = 2013,
  kTwoWritableServers = 2014,
  kReplicaLagOut = 2020,
  kReplicaLagIn = 2021,
  kReplicationStopped = 2022,
  kReplicationRunning = 2023,
  kReadersNone = 2024,
  kReadersBack = 2025,
  // 3xxx: clients and accounts
  kAccountsLoaded = 3001,
  kAccountsChanged = 3002,
  kAccountUnusable = 3003,
  kClientRefusedAddress = 3010,
  kClientRefusedOverload = 3011,
  kClientRefusedLogin = 3012,
  kClientsCut = 3013,
  // 4xxx: resources of this process
  kOutOfDescriptors = 4001,
  kOutOfMemory = 4002,
  kAcceptPaused = 4003,
  kAcceptResumed = 4004,
  kLoopStalled = 4005,
  kBugSurvived = 4006,
  kDescriptorsScarce = 4007,
  // 5xxx: statements
  kStatementRerouted = 5001,
  kReadRetried = 5002,
  kWritesHeld = 5003,
  kWritesReleased = 5004,
  kHeldWritesTimeout = 5005,
  kPoolExhausted = 5006,
  kFrailStatement = 5007,
  kSessionPinned = 5008,
  // 6xxx: virtual addresses
  kGuardianStarted = 6001,
  kGuardianLost = 6002,
  kGuardianDegraded = 6003,
  kGatewayDied = 6010,
  kGatewayStuck = 6011,
  kGatewayRestarted = 6012,
  kStewardRestarted = 6013,
  kVipMaster = 6020,
  kVipBackup = 6021,
  kVipFault = 6022,
  kVipStopped = 6023,
  kVipSetAside = 6024,
  kVipDuplicateMaster = 6030,
  kVipAddressConflict = 6031,
  kVipPeerRefused = 6032,
  kVipSettingsDiffer = 6033,
  kVipStaleAddresses = 6034,
  kVipStalled = 6035,
  kVipForeignRouter = 6036,
  kVipAddressPutBack = 6037,
  kVipDamped = 6038,
  kVipArbitersLost = 6040,
  kVipArbitersBack = 6041,
  kVipPathDown = 6042,
  kVipPathUp = 6043,
  kVipCommand = 6050,
  kVipOrderNotKept = 6051,
  kVipKernelRefused = 6060,
  kVipSettingsRejected = 6061,
  kVipSettingsApplied = 6062,
  kVipHeldElsewhere = 6063,
  kTrackFailed = 6101,
  kTrackRecovered = 6102,
  kNotifyFailed = 6111,
};

/// What is held back of an event that comes again and again (event_damper.h).
enum class EventDamping : std::uint8_t {
  kFloods,  // what is more than a hundred of its kind in a second
  // what is more than one in a second for a service, server or virtual address
  kRepeats,
  // … and for one of its reasons, which are a few words of our own
  kRepeatsByReason,
  kNothing
};  // an audit trail is whole

/// What an event is called, and what is said of it. All text is constant.
struct EventWords {
  EventId id;
  std::string_view name;  // "server_up"
  EventLevel level;
  EventDamping damping = EventDamping::kFloods;
  std::string_view meaning;  // what happened, for somebody who did not write this program
  std::string_view action;   // what to do about it

  /// Whether it is one of those that are told once a second, with `count`.
  constexpr bool damped() const {
    return damping == EventDamping::kRepeats || damping == EventDamping::kRepeatsByReason;
  }
};

/// One entry of the catalogue.
struct EventType : EventWords {
  std::span<const std::string_view> fields;  // in the order in which they are given
};
using EventTypes = std::span<const EventType* const>;

/// `name` is a string constant (one of the type's fields, or "count").
struct EventField {
  std::string_view name;
  std::string value;
  friend bool operator==(const EventField&, const EventField&) = default;
};

/// A field of the event E: its name, and the member that holds its value.
template <class E>
class EventMember {
 public:
  constexpr EventMember(std::string_view name, EventText E::* member) : name_(name), always_(member) {}
  constexpr EventMember(std::string_view name, OptionalEventText E::* member) : name_(name), sometimes_(member) {}

  constexpr std::string_view name() const { return name_; }
  constexpr std::size_t size() const { return always_ != nullptr ? sizeof(EventText) : sizeof(OptionalEventText); }
  constexpr bool clashes(const EventMember& other) const {
    return name_ == other.name_ || (always_ == other.always_ && sometimes_ == other.sometimes_);
  }
  void move_value(E& event, std::vector<EventField>& to) const {
    if (always_ != nullptr) {
      to.push_back({name_, std::move(event.*always_).take()});
    } else if ((event.*sometimes_).given()) {
      to.push_back({name_, std::move(event.*sometimes_).take()});
    }
  }

 private:
  std::string_view name_;
  EventText E::* always_ = nullptr;
  OptionalEventText E::* sometimes_ = nullptr;
};

template <class E>
concept EventStruct = requires {
  { E::kWords } -> std::convertible_to<EventWords>;
  { *std::begin(E::kFields) } -> std::convertible_to<EventMember<E>>;
} && std::is_aggregate_v<E>;

/// Whether the fields are the members: each once, under a name of its own, and none left out.
template <EventStruct E>
consteval bool members_are_fields() {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < std::size(E::kFields); ++i) {
    bytes += E::kFields[i].size();
    for (std::size_t j = 0; j < i; ++j) {
      if (E::kFields[i].clashes(E::kFields[j])) return false;
    }
  }
  return bytes == sizeof(E);
}

template <EventStruct E>
consteval auto field_names() {
  static_assert(members_are_fields<E>(), "a member of the event that is not among its fields, or one that is twice");
  std::array<std::string_view, std::size(E::kFields)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = E::kFields[i].name();
  return names;
}

template <EventStruct E>
inline constexpr auto kFieldNames = field_names<E>();
/// The entry of the event E.
template <EventStruct E>
inline constexpr EventType kEventType{{E::kWords}, kFieldNames<E>};
/// The entries of these, for a room's list.
template <EventStruct... E>
inline constexpr std::array<const EventType*, sizeof...(E)> kEventTypes{&kEventType<E>...};

struct Event {
  explicit Event(const EventType& its_type) : type(&its_type) {}
  template <EventStruct E>
  Event(E event) : type(&kEventType<E>) {  // NOLINT(google-explicit-constructor)
    fields.reserve(std::size(E::kFields) + 1);
    for (const EventMember<E>& member : E::kFields) member.move_value(event, fields);
  }

  EventId id() const { return type->id; }
  /// The value of the field, or an empty view.
  std::string_view field(std::string_view name) const;
  friend bool operator==(const Event&, const Event&) = default;

  const EventType* type;         // never null
  TimePoint at;                  // monotonic: for ordering and ages
  std::int64_t wall_micros = 0;  // microseconds since 1970 UTC; pure code leaves 0 and the event log's owner stamps it
  std::vector<EventField> fields;
};

inline constexpr std::string_view kCountField = "count";

/// The event, which stands for so many that its maker has held back until now, itself among them.
Event counted(std::uint64_t count, Event event);

/// The entry of `id` among `types`; nullptr where it is none of them.
const EventType* find_event(EventTypes types, EventId id);

/// The constant that spells the name of a field of this type, or `count`; empty when it is neither.
std::string_view find_field(const EventType& type, std::string_view name);

std::string_view to_string(EventLevel level);

/// "HF-2001".
std::string event_number(EventId id);

/// "HF-2001 server_up".
std::string event_title(const EventType& type);

/// The name of the first field that is none of the event's type; empty when all are known.
std::string_view unknown_field(const Event& event);

/// The longest value that an event keeps.
inline constexpr std::size_t kMostValueBytes = 500;

/// Cuts longer values at a character's border and says how long they were: "GET /AAAA… (14000 bytes)".
void bound_values(Event& event);

/// `2026-11-21T21:23:07.123456Z info HF-2001 server_up service=orders reason="login and query ok"`, without a newline.
std::string render_text(const Event& event);

/// The same as one JSON object on one line: time, level, id ("HF-2001"), event ("server_up"), then the fields as
/// strings.
std::string render_json(const Event& event);

/// "2026-11-21T21:23:07.123456Z" of microseconds since 1970.
std::string format_utc(std::int64_t wall_micros);

/// Appends `value` as it stands behind "name=" in a log line: in quotes where it needs them.
void append_event_value(std::string& out, std::string_view value);

/// Appends `value` as a JSON string with quotes; bytes that are not UTF-8 become U+FFFD, and what a viewer may take for
/// the end of a line, for a command to the terminal or for a change of direction is escaped.
void append_json_string(std::string& out, std::string_view value);

/// `text` without anything that a terminal would obey; its line breaks stay.
std::string printable(std::string_view text);

}  // namespace hf
