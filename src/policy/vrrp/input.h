// Input: everything that can happen to one VRRP machine. Bytes were checked by proto/vrrp before they come here.
//
// Owner: whoever makes it. Thread: any (plain values).
// Invariants:
//   1. Before Timer is given for a moment, every advertisement that waits in a socket has been given: a node that was
//      frozen reads what it missed before it believes its own timers.
//   2. Advertisement::source is the sender's address on the VRRP interface on every path (heartbeats carry it), so that
//      the tie-break between two nodes has one outcome.
//   3. After Stop nothing more need be given, unless holding() (machine.h) is true: then Timer, Advertisement,
//      InterfaceChanged and LeaseNotRenewed go on as before until it is false. Only then may the owner end: the
//      addresses are being handed over.
//   4. OwnAddress is given before Start, and again whenever it changes.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/time.h"
#include "base/ip_address.h"
#include "policy/vrrp/config.h"

namespace hf::policy::vrrp {

struct Start {
  bool interface_up = true;
  bool addresses_present = false;  // they are on the interface: an earlier life left them, or this one hands them over
};
struct Stop {};
struct Timer {};  // the time asked for by the last kSetTimer has come; too early or twice does no harm
struct Advertisement {
  std::uint8_t path = 0;  // 0: the VRRP interface, others: heartbeat paths. All count alike
  IpAddress source;
  std::uint8_t priority = 0;
  Nanos interval{0};  // v3: Max Advertise Interval, v2: Adver Interval
  std::vector<IpAddress> addresses;
};
struct OwnAddress {
  IpAddress address;  // the interface's primary one: the tie-break between equal priorities
};
struct InterfaceChanged {
  bool up = true;
};
struct TrackChanged {
  int weight_sum = 0;    // added to the priority; the result stays within 1 to 254
  bool release = false;  // a tracked thing says: not on this node
  bool serving = true;   // false: nobody answers at the addresses here any more, so keeping them helps no client
};
enum class OperatorCommand : std::uint8_t {
  kRelease,  // give the addresses up and do not take them again before kResume
  kPrefer,   // priority 254, and preempt whatever the configuration and the damping say, until kResume
  kResume,   // back to what the configuration says
};
/// The Config of this step and of those that follow is another one. What the time until now has brought is judged by
/// the old.
struct Reconfigured {
  Config before;
};
/// kRefreshAddresses came too late and was not done: the kernel has ended the lease, the addresses are gone.
struct LeaseNotRenewed {
  Nanos age{0};  // since the last renewal that was done
};
/// Copies of the addresses are on their interface although this node does not hold them: somebody put them there.
struct StaleAddresses {};
/// Nothing that this node says arrives anywhere: on every path the kernel refuses to send. false: some can be sent on.
struct CannotSend {
  bool so = true;
};
struct ConflictSeen {};  // somebody else's ARP packet or neighbour advertisement claims one of the addresses
struct ProbeResult {
  bool answered = false;
};
enum class SyncOrder : std::uint8_t {
  kTake,            // the group is master, or becomes it now: so do you
  kYield,           // the group is not: give way
  kMasterReleased,  // another member's master gave its addresses up: yours may be gone too, without a word
  kFault,           // a member is at fault: so are you
  kClear,           // no member is any more
};
/// What a member of a sync group has from the others. From the first on it takes over when SyncOrder::kTake says so, or
/// alone where the others do not want to and its own addresses have nobody.
struct GroupStanding {
  std::uint8_t priority = 0;  // of the group on this node: what every member advertises and compares
  bool preferred = false;     // by the operator, of any member
  Nanos tie_patience{0};      // how long a tie between two masters is left to the members before this one

  friend bool operator==(const GroupStanding&, const GroupStanding&) = default;
};

using Input = std::variant<Start, Stop, Timer, Advertisement, OwnAddress, InterfaceChanged, TrackChanged,
                           OperatorCommand, Reconfigured, LeaseNotRenewed, StaleAddresses, CannotSend, ConflictSeen,
                           ProbeResult, SyncOrder, GroupStanding>;

}  // namespace hf::policy::vrrp
