// Weight: what a thing that a virtual address depends on counts while it is bad.
//
// Owner: plain values, of the configuration and of whoever weighs. Thread: any.
#pragma once

namespace hf::policy::vrrp {

struct Weight {
  bool release = true;  // the addresses are given up
  int points = 0;       // on the priority, -253 to 253; meaningful when not release

  friend bool operator==(const Weight&, const Weight&) = default;
};

}  // namespace hf::policy::vrrp
