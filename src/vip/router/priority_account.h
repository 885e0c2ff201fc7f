// PriorityAccount: what a virtual router's priority is composed of, and what forbids it to be master. Pure.
//
// Owner: a Fitness. Thread: any.
// Invariants:
//   1. One entry per source; an entry of no points and no release is not kept.
//   2. points() is within -254 to 254.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vip/report.h"
#include "vip/settings.h"

namespace hf::vip::router {

class PriorityAccount {
 public:
  /// Sets what `source` counts now. Returns whether anything changed.
  bool set(std::string_view source, Weight weight, std::string_view reason);
  /// `source` is well.
  bool clear(std::string_view source);

  int points() const;
  bool release() const;
  /// Of the first that demands the release; empty without one.
  std::string release_reason() const;
  const std::vector<Contribution>& entries() const { return entries_; }

 private:
  std::vector<Contribution> entries_;
};

}  // namespace hf::vip::router
