// Verdict: what the gateway's tracked things come to for one VIP.
//
// Owner: plain values; the Tracker makes them, a VirtualRouter weighs them. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hf::vip {

struct Verdict {
  std::string router{};
  std::int32_t points = 0;
  bool release = false;
  std::string reason{};  // of the release, in words
  friend bool operator==(const Verdict&, const Verdict&) = default;
};
struct Verdicts {
  std::vector<Verdict> verdicts{};
  friend bool operator==(const Verdicts&, const Verdicts&) = default;
};

}  // namespace hf::vip
