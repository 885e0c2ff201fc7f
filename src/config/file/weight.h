// What counts while something is bad, in one value of the file: "release", or points on the priority.
//
// Owner: plain values. Thread: any.
#pragma once

namespace hf::config::file {

struct Weight {
  bool release = true;
  int points = 0;  // -253 to 253; meaningful when not release
  friend bool operator==(const Weight&, const Weight&) = default;
};

}  // namespace hf::config::file
