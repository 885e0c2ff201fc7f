// [[vip.arbiters]]: what a node must reach to take or keep the addresses.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/file/address.h"
#include "config/file/forward.h"

namespace hf::config::section {

enum class ArbiterKind : std::uint8_t { kArp, kIcmp, kTcp, kUdp };
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
