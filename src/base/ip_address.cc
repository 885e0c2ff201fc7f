#include "base/ip_address.h"

#include <algorithm>
#include <charconv>

namespace hf {
namespace {

constexpr std::size_t kGroups = 8;

struct Run {
  std::size_t begin = kGroups;
  std::size_t length = 0;
};

/// The longest run of two or more zero groups, the first of equals: what "::" stands for.
Run longest_zero_run(const std::array<unsigned, kGroups>& groups) {
  Run best;
  for (std::size_t i = 0; i < kGroups; ++i) {
    std::size_t end = i;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - i >= 2 && end - i > best.length) best = Run{i, end - i};
    i = end;
  }
  return best;
}

void append_number(std::string& out, unsigned value, int base) {
  std::array<char, 8> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value, base);
  out.append(digits.data(), written.ptr);
}

}  // namespace

std::optional<IpAddress> IpAddress::from_bytes(ByteView bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  IpAddress address;
  address.family_ = bytes.size() == 4 ? IpFamily::kIpv4 : IpFamily::kIpv6;
  std::transform(bytes.begin(), bytes.end(), address.octets_.begin(),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  return address;
}

bool IpAddress::is_unspecified() const {
  return std::all_of(octets_.begin(), octets_.end(), [](std::uint8_t octet) { return octet == 0; });
}

bool IpAddress::is_multicast() const { return is_v4() ? (octets_[0] & 0xF0) == 0xE0 : octets_[0] == 0xFF; }

bool IpAddress::is_link_local() const {
  return is_v4() ? octets_[0] == 169 && octets_[1] == 254 : octets_[0] == 0xFE && (octets_[1] & 0xC0) == 0x80;
}

std::string IpAddress::to_string() const {
  std::string out;
  if (is_v4()) {
    for (std::size_t i = 0; i < 4; ++i) {
      if (i > 0) out.push_back('.');
      append_number(out, octets_[i], 10);
    }
    return out;
  }
  std::array<unsigned, kGroups> groups{};
  for (std::size_t i = 0; i < kGroups; ++i) groups[i] = octets_[2 * i] * 256U + octets_[2 * i + 1];
  const Run zeros = longest_zero_run(groups);
  for (std::size_t i = 0; i < kGroups; ++i) {
    if (i == zeros.begin) {
      out += "::";
      i += zeros.length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out.push_back(':');
    append_number(out, groups[i], 16);
  }
  return out;
}

}  // namespace hf
