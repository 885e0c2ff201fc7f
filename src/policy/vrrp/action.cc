#include "policy/vrrp/action.h"

namespace hf::policy::vrrp {

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::kInitialize: return "initialize";
    case Mode::kBackup: return "backup";
    case Mode::kMaster: return "master";
    case Mode::kFault: return "fault";
  }
  return "unknown";
}

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::kNone: return "no reason";
    case Reason::kStarted: return "started";
    case Reason::kStopped: return "stopped";
    case Reason::kAddressOwner: return "priority 255: the addresses are this node's own";
    case Reason::kMasterDown: return "the master was not heard for Master_Down_Interval";
    case Reason::kMasterReleased: return "the master gave the addresses up";
    case Reason::kPreempted: return "took over from a master of lower priority";
    case Reason::kCannotSend: return "another master was heard, and this node can send nothing";
    case Reason::kBetterMaster: return "a master of higher priority or address was heard";
    case Reason::kInterfaceDown: return "the interface is down";
    case Reason::kTrackRelease: return "a tracked check demands that this node gives the addresses up";
    case Reason::kOperatorRelease: return "the operator released the addresses from this node";
    case Reason::kSyncGroup: return "the sync group moves together";
    case Reason::kRecovered: return "no fault is left";
    case Reason::kStalled: return "this node did not run for longer than the others wait for it";
    case Reason::kAddressConflict: return "another station answers for the addresses";
    case Reason::kStaleAddresses: return "the addresses were on the interface and not held";
    case Reason::kIntervalMismatch: return "a peer's advert interval differs from ours";
    case Reason::kAddressesMismatch: return "a peer's list of addresses differs from ours";
    case Reason::kDuplicateMaster: return "another master of lower priority or address was heard";
    case Reason::kBadAdvertisement: return "an advertisement has no interval";
    case Reason::kDamped: return "it moved too often: no preempting for a while";
  }
  return "unknown";
}

}  // namespace hf::policy::vrrp
