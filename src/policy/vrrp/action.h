// Action: what the owner of a VRRP machine has to do after a step, in the order given.
//
// Owner: whoever holds it. Thread: any (plain values).
// Invariants:
//   1. kRefreshAddresses comes only between kAddAddresses and kRemoveAddresses.
//   2. kRemoveAddresses is followed by an advertisement that tells of it, so that whoever holds them now announces
//      again. (Not where a master yields to a better one and Config::advertise_loss is off.)
//   3. At a hand-over an advertisement of priority 0 comes first and kRemoveAddresses in a later step, asked for by
//      kSetTimer or caused by the successor's advertisement: also after Stop (input.h, invariant 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace hf::policy::vrrp {

enum class Mode : std::uint8_t { kInitialize, kBackup, kMaster, kFault };

enum class ActionKind : std::uint8_t {
  kSendAdvertisement,  // priority; on every path
  kSetTimer,           // at; replaces the one set before. Deadline::never(): none
  kAddAddresses,       // lease
  kRefreshAddresses,   // lease
  kRemoveAddresses,    // reason; kNone at the end of a hand-over
  kAnnounce,           // repeats: gratuitous ARP requests, unsolicited neighbour advertisements
  kProbeAddresses,     // RFC 5227 probe: ARP request with sender IP 0; answer with ProbeResult
  kReportTransition,   // from, to, reason; late where that is kStalled
  kWarn,               // reason; so, too
};

enum class Reason : std::uint8_t {
  kNone,
  kStarted,
  kStopped,
  kAddressOwner,    // priority 255 takes its addresses at once
  kMasterDown,      // no advertisement for Master_Down_Interval
  kMasterReleased,  // the master sent priority 0
  kPreempted,       // took over from a live master of lower priority
  kCannotSend,      // another master was heard, and it cannot hear this node, which can send on no path
  kBetterMaster,    // a master of higher priority, or of equal priority and higher address, was heard
  kInterfaceDown,
  kTrackRelease,
  kOperatorRelease,
  kSyncGroup,
  kRecovered,          // no fault is left
  kStalled,            // this node did not run for longer than the others wait for it
  kAddressConflict,    // somebody else answers for the addresses
  kStaleAddresses,     // the addresses are here, and not held: an earlier life or somebody else left them
  kIntervalMismatch,   // the peer's interval differs from ours (version 2)
  kAddressesMismatch,  // the peer's list of addresses differs from ours
  kDuplicateMaster,    // a master of lower priority or address was heard while we are master
  kBadAdvertisement,   // an interval of 0
  kDamped,             // it flapped: no preempting for a while
};
inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::kDamped) + 1;

std::string_view to_string(Mode mode);
/// In words fit for an event and for `holdfast status`.
std::string_view to_string(Reason reason);

struct Action {
  ActionKind kind = ActionKind::kWarn;
  std::uint8_t priority = 0;
  std::uint8_t repeats = 0;
  Nanos lease{0};
  Deadline at{};
  Mode from = Mode::kInitialize;
  Mode to = Mode::kInitialize;
  Reason reason = Reason::kNone;
  Nanos late{0};  // behind what was due first
};

}  // namespace hf::policy::vrrp
