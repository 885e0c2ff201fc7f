// [[vip.arbiters]]: what a node must reach to take or keep the addresses.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/file/address.h"
#include "config/file/forward.h"
#include "policy/vrrp/quorum.h"

namespace hf::config::section {

using policy::vrrp::ArbiterKind;

struct Arbiter {
  ArbiterKind kind = ArbiterKind::kArp;
  IpAddress address;
  std::uint16_t port = 0;  // kTcp and kUdp
  friend bool operator==(const Arbiter&, const Arbiter&) = default;
};

std::span<const file::Key> keys_of_arbiter();

/// `needed` is the VIP's arbiters_needed, `place` its place: "vip[0]".
void check_arbiters(const std::vector<Arbiter>& arbiters, std::uint32_t needed, const std::string& place,
                    file::ReadResult& result);

}  // namespace hf::config::section
