// The elements of vip.addresses.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/file/address.h"
#include "config/file/forward.h"

namespace hf::config::section {

struct VipAddress {
  IpAddress address;
  std::uint8_t prefix_length = 32;
  std::string interface;         // empty: the VIP's
  std::string label;             // empty: none
  std::string scope = "global";  // "global", "site", "link", "host"
  friend bool operator==(const VipAddress&, const VipAddress&) = default;
};

std::span<const file::Key> keys_of_vip_address();

/// `interface` is the VIP's, `place` too: "vip[0]".
void check_labels(const std::vector<VipAddress>& addresses, const std::string& interface, const std::string& place,
                  file::ReadResult& result);

}  // namespace hf::config::section
