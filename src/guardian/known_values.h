// Which values of the enumerations that travel over the link exist. Whatever else stands in a message is refused.
//
// Owner: constant functions. Thread: any.
// Invariant: no default in a switch: a new enumerator does not compile before it is named here.
#pragma once

#include "policy/vrrp/action.h"
#include "policy/vrrp/config.h"
#include "policy/vrrp/input.h"
#include "vip/settings.h"

namespace hf::guardian {

constexpr bool known(policy::vrrp::Mode value) {
  using enum policy::vrrp::Mode;
  switch (value) {
    case kInitialize:
    case kBackup:
    case kMaster:
    case kFault: return true;
  }
  return false;
}

constexpr bool known(policy::vrrp::OperatorCommand value) {
  using enum policy::vrrp::OperatorCommand;
  switch (value) {
    case kRelease:
    case kPrefer:
    case kResume: return true;
  }
  return false;
}

constexpr bool known(policy::vrrp::ProtocolVersion value) {
  using enum policy::vrrp::ProtocolVersion;
  switch (value) {
    case kV2:
    case kV3: return true;
  }
  return false;
}

constexpr bool known(policy::vrrp::OnProbeAnswer value) {
  using enum policy::vrrp::OnProbeAnswer;
  switch (value) {
    case kWait:
    case kTakeAfter: return true;
  }
  return false;
}

constexpr bool known(policy::vrrp::OnHeldConflict value) {
  using enum policy::vrrp::OnHeldConflict;
  switch (value) {
    case kDefend:
    case kRelease: return true;
  }
  return false;
}

constexpr bool known(proto::vrrp::AuthType value) {
  using enum proto::vrrp::AuthType;
  switch (value) {
    case kNone:
    case kPassword:
    case kAuthenticationHeader: return true;
  }
  return false;
}

constexpr bool known(proto::vrrp::ChecksumDialect value) {
  using enum proto::vrrp::ChecksumDialect;
  switch (value) {
    case kPseudoHeader:
    case kPlain: return true;
  }
  return false;
}

constexpr bool known(proto::netlink::Scope value) {
  using enum proto::netlink::Scope;
  switch (value) {
    case kGlobal:
    case kSite:
    case kLink:
    case kHost:
    case kNowhere: return true;
  }
  return false;
}

constexpr bool known(policy::vrrp::ArbiterKind value) {
  using enum policy::vrrp::ArbiterKind;
  switch (value) {
    case kArp:
    case kIcmp:
    case kTcp:
    case kUdp: return true;
  }
  return false;
}

}  // namespace hf::guardian
