// Between an address in packets and an address as the VRRP machine compares it. The two pure rooms do not know each other.
#pragma once

#include <algorithm>
#include <vector>

#include "policy/vrrp/address.h"
#include "proto/vrrp/ip_address.h"

namespace hf::vip {

/// IPv4 in its IPv4-mapped form.
inline policy::vrrp::Address to_machine(const proto::vrrp::IpAddress& address) {
  const ByteView bytes = address.bytes();
  if (address.is_v4()) return policy::vrrp::Address::ipv4(byte_at(bytes, 0), byte_at(bytes, 1), byte_at(bytes, 2), byte_at(bytes, 3));
  policy::vrrp::Address machine;
  std::transform(bytes.begin(), bytes.end(), machine.bytes.begin(), [](char byte) { return static_cast<std::uint8_t>(byte); });
  return machine;
}

inline std::vector<policy::vrrp::Address> to_machine(const std::vector<proto::vrrp::IpAddress>& addresses) {
  std::vector<policy::vrrp::Address> machine;
  machine.reserve(addresses.size());
  for (const proto::vrrp::IpAddress& address : addresses) machine.push_back(to_machine(address));
  return machine;
}

/// The way back; `family` tells how the machine's address is to be read.
inline proto::vrrp::IpAddress from_machine(const policy::vrrp::Address& address, proto::vrrp::Family family) {
  const char* bytes = reinterpret_cast<const char*>(address.bytes.data());
  const ByteView wanted = family == proto::vrrp::Family::kIpv4 ? ByteView(bytes + 12, 4) : ByteView(bytes, 16);
  return proto::vrrp::IpAddress::from_bytes(wanted).value_or(proto::vrrp::IpAddress{});
}

}  // namespace hf::vip
