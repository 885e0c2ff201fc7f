// Interfaces: the requests that list them, add and remove a macvlan, switch them on and off, and the kernel's word
// about them.
//
// Owner: plain values. Thread: any.
// Source: linux/rtnetlink.h, linux/if_link.h, linux/if.h; RFC 2863 for the operational state.
// Invariants:
//   1. decode_link takes any bytes.
//   2. can_carry() is what matters to VRRP: switched on by the administrator, and a carrier is there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proto/netlink/message.h"

namespace hf::proto::netlink {

using LinkFlags = std::uint32_t;
inline constexpr LinkFlags kLinkUp = 0x1;  // the administrator's wish
inline constexpr LinkFlags kLinkLoopback = 0x8;
inline constexpr LinkFlags kLinkRunning = 0x40;  // operational, RFC 2863
inline constexpr LinkFlags kLinkMulticast = 0x1000;
inline constexpr LinkFlags kLinkLowerUp = 0x10000;  // carrier

/// Values outside the list are legal and unnamed.
enum class OperationalState : std::uint8_t {
  kUnknown = 0,  // drivers that do not say; loopback
  kNotPresent = 1,
  kDown = 2,
  kLowerLayerDown = 3,
  kTesting = 4,
  kDormant = 5,
  kUp = 6,
};

struct Link {
  std::uint32_t index = 0;
  std::uint16_t hardware_type = 0;  // 1: Ethernet
  LinkFlags flags = 0;
  std::string name{};  // at most 15 bytes
  std::uint32_t mtu = 0;
  OperationalState state = OperationalState::kUnknown;
  std::optional<std::array<std::uint8_t, 6>> mac{};  // Ethernet and its like
  std::uint32_t parent = 0;                          // the interface below (a macvlan's, a VLAN's); 0: none
  std::string kind{};                                // "macvlan", "veth"; "": hardware. At most 31 bytes

  bool can_carry() const { return (flags & kLinkUp) != 0 && (flags & kLinkLowerUp) != 0; }
  friend bool operator==(const Link&, const Link&) = default;
};

/// "it has no carrier": why it cannot carry, in words that follow its name; empty where it can. nullptr: there is no
/// such interface.
std::string_view why_it_cannot_carry(const Link* link);

/// RTM_GETLINK for all interfaces; answers are kNewLink messages, then kDone.
std::string list_links(std::uint32_t sequence);

/// An interface with a MAC of its own on the wire of another. Values are linux/if_link.h's.
enum class MacvlanMode : std::uint32_t {
  kPrivate = 1,  // macvlans of one parent do not hear each other
  kBridge = 4
};  // they do
struct Macvlan {
  std::string name{};
  std::uint32_t parent = 0;
  std::array<std::uint8_t, 6> mac{};
  MacvlanMode mode = MacvlanMode::kBridge;
};
/// RTM_NEWLINK with acknowledgement; EEXIST where an interface of that name is. It is off at first. kInvalidArgument:
/// no parent, a name that is empty, over 15 bytes, or of other bytes than letters, digits, '.', '_' and '-'.
Result<std::string> add_macvlan(const Macvlan& macvlan, std::uint32_t sequence);

enum class LinkSwitch : std::uint8_t { kOff, kOn };
/// RTM_NEWLINK with acknowledgement: the administrator's wish. `index` is not 0.
std::string switch_link(std::uint32_t index, LinkSwitch to, std::uint32_t sequence);
/// RTM_DELLINK with acknowledgement. `index` is not 0.
std::string remove_link(std::uint32_t index, std::uint32_t sequence);

/// For kNewLink and kDelLink, events as well as parts of a dump. kUnsupported: not about the interface itself but about
/// a bridge's port or the like; skip it. kProtocol: malformed, or without index or name.
Result<Link> decode_link(const Message& message);

}  // namespace hf::proto::netlink
