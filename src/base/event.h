// Events: everything an operator may want to know has a number, a name, a level, named fields and a paragraph of
// advice. Free text is for debugging only. The catalogue is in event_catalogue.cc; docs/events.md is its rendering.
//
// Owner: whoever makes one; the control thread keeps them in an EventLog. Thread: any (plain values, constant tables).
// Invariants:
//   1. Numbers and names are a contract with scripts: never reused, never given another meaning.
//   2. An event carries only fields that its catalogue entry names (see unknown_field); it may leave some out. `count`
//   belongs to all: how many there were since the last one that was reported.
//   3. Rendered events are one line to every reader, whatever the values hold: values may come from hostile peers.
//   4. Whoever collects events bounds their values (bound_values): peers choose how long some are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace hf {

enum class EventLevel : std::uint8_t { kInfo,
                                       kWarning,
                                       kError };

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
  kAdminCommand = 1040,
  kAdminRefused = 1041,
  kAdminCrowded = 1042,
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
  kVipDuplicateMaster = 6030,
  kVipAddressConflict = 6031,
  kVipPeerRefused = 6032,
  kVipSettingsDiffer = 6033,
  kVipStaleAddresses = 6034,
  kVipStalled = 6035,
  kVipArbitersLost = 6040,
  kVipArbitersBack = 6041,
  kVipCommand = 6050,
  kVipKernelRefused = 6060,
  kVipSettingsRejected = 6061,
  kVipSettingsApplied = 6062,
  kTrackFailed = 6101,
  kTrackRecovered = 6102,
  kNotifyFailed = 6111,
};

/// One entry of the catalogue. All text is constant.
struct EventType {
  EventId id;
  std::string_view name;  // "server_up"
  EventLevel level;
  std::string_view fields;   // names separated by one blank, in the order they are usually given
  std::string_view meaning;  // what happened, for somebody who did not write this program
  std::string_view action;   // what to do about it
};

/// `name` is a string constant (one of the catalogue entry's fields).
struct EventField {
  std::string_view name;
  std::string value;
  friend bool operator==(const EventField&, const EventField&) = default;
};

struct Event {
  EventId id{};
  TimePoint at;                  // monotonic: for ordering and ages
  std::int64_t wall_micros = 0;  // microseconds since 1970 UTC; pure code leaves 0 and the event log's owner stamps it
  std::vector<EventField> fields;

  /// The value of the field, or an empty view.
  std::string_view field(std::string_view name) const;
  friend bool operator==(const Event&, const Event&) = default;
};

/// The whole catalogue, by rising number.
std::span<const EventType> event_catalogue();

/// The entry of `id`; nullptr for a number that is not in the catalogue.
const EventType* find_event(EventId id);

std::string_view to_string(EventLevel level);

/// "HF-2001 server_up".
std::string event_title(EventId id);

/// The name of the first field that the catalogue does not give to this event; empty when all are known.
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

/// Appends `value` as a JSON string with quotes; bytes that are not UTF-8 become U+FFFD, and what a viewer may take for the
/// end of a line, for a command to the terminal or for a change of direction is escaped.
void append_json_string(std::string& out, std::string_view value);

/// `text` without anything that a terminal would obey; its line breaks stay.
std::string printable(std::string_view text);

/// The catalogue as Markdown: the text of docs/events.md.
std::string render_event_docs();

}  // namespace hf
