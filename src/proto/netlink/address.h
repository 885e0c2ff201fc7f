// Addresses of interfaces: the requests that add (or renew), remove and list them, and the kernel's word about them.
//
// Owner: plain values. Thread: any.
// Source: linux/rtnetlink.h, linux/if_addr.h; behaviour of net/ipv4/devinet.c and net/ipv6/addrconf.c.
// Invariants:
//   1. decode_address of an add request gives the address that was asked for.
//   2. A lifetime is 1 s at least and never ends before the preferred time does: what the kernel would refuse with
//      EINVAL we refuse with a reason.
//   3. decode_address takes any bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "proto/netlink/message.h"
#include "base/ip_address.h"

namespace hf::proto::netlink {

enum class Scope : std::uint8_t { kGlobal = 0, kSite = 200, kLink = 253, kHost = 254, kNowhere = 255 };

using AddressFlags = std::uint32_t;
inline constexpr AddressFlags kSecondary = 0x001;
inline constexpr AddressFlags kNoDad = 0x002;      // IPv6: usable at once
inline constexpr AddressFlags kDadFailed = 0x008;  // IPv6: somebody else has it; it does not work
inline constexpr AddressFlags kDeprecated = 0x020;
inline constexpr AddressFlags kTentative = 0x040;      // IPv6: not usable yet
inline constexpr AddressFlags kPermanent = 0x080;      // no lifetime
inline constexpr AddressFlags kNoPrefixRoute = 0x200;  // adding it adds no route, removing it removes none

/// The kernel takes the address off when `valid` is over: our lease on it.
struct Lifetime {
  Seconds valid{0};
  Seconds preferred{0};  // 0: never chosen as a source address by itself

  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

struct InterfaceAddress {
  std::uint32_t interface_index = 0;
  IpAddress address{};
  std::uint8_t prefix_length = 32;
  Scope scope = Scope::kGlobal;
  AddressFlags flags = 0;
  std::optional<IpAddress> peer{};       // point to point; else nullopt, never the address itself
  std::optional<IpAddress> broadcast{};  // IPv4
  std::string label{};                   // IPv4: at most 15 bytes, begins with the interface's name; "": the kernel's
  std::optional<Lifetime> lifetime{};    // nullopt: for ever

  friend bool operator==(const InterfaceAddress&, const InterfaceAddress&) = default;
};

enum class IfPresent : std::uint8_t {
  kRefuse,  // EEXIST
  /// Renews the lifetime (IPv6: and the flags); broadcast and label stay as they are. Where the address is absent it is
  /// added: the kernel knows no "renew only", so the caller's clock must tell whether the lease still is ours.
  kReplace,
};

/// RTM_NEWADDR with acknowledgement. kInvalidArgument: interface 0, prefix too long, families mixed, label too long or
/// on IPv6, a lifetime of invariant 2.
Result<std::string> add_address(const InterfaceAddress& address, IfPresent if_present, std::uint32_t sequence);
/// RTM_DELADDR with acknowledgement: interface, address, prefix, peer and label say which; the rest is not looked at.
Result<std::string> remove_address(const InterfaceAddress& address, std::uint32_t sequence);
/// RTM_GETADDR for all interfaces; answers are kNewAddress messages, then kDone. nullopt: both families.
std::string list_addresses(std::optional<IpFamily> family, std::uint32_t sequence);

/// For kNewAddress and kDelAddress, events as well as parts of a dump. kUnsupported: another address family; skip it.
/// kProtocol: malformed, or without an address.
Result<InterfaceAddress> decode_address(const Message& message);

}  // namespace hf::proto::netlink
