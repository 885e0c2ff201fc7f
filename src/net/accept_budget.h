// AcceptBudget: how many descriptors all listeners together may give to clients. A listener takes a place before it
// accepts, the connection gives it back when its socket is closed.
//
// Owner: the gateway; outlives listeners and connections. Thread: any.
// Invariant: accepted connections never hold more than the limit, unless it was lowered after they came.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace hf::net {

class AcceptBudget;

/// A place among the descriptors of clients; given back when it goes.
class AcceptPlace {
 public:
  AcceptPlace() = default;
  AcceptPlace(AcceptPlace&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), descriptors_(other.descriptors_) {}
  AcceptPlace& operator=(AcceptPlace&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(descriptors_, other.descriptors_);
    return *this;
  }
  inline ~AcceptPlace();

 private:
  friend class AcceptBudget;
  AcceptPlace(AcceptBudget& budget, std::uint32_t descriptors) : budget_(&budget), descriptors_(descriptors) {}

  AcceptBudget* budget_ = nullptr;
  std::uint32_t descriptors_ = 0;
};

class AcceptBudget {
 public:
  void set_limit(std::size_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }

  /// Nothing: there is no place for so many.
  std::optional<AcceptPlace> take(std::uint32_t descriptors) {
    const std::size_t used = used_.fetch_add(descriptors, std::memory_order_relaxed) + descriptors;
    if (used <= limit()) return AcceptPlace(*this, descriptors);
    give(descriptors);
    return std::nullopt;
  }

 private:
  friend class AcceptPlace;
  void give(std::uint32_t descriptors) { used_.fetch_sub(descriptors, std::memory_order_relaxed); }

  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> limit_{std::numeric_limits<std::size_t>::max()};
};

inline AcceptPlace::~AcceptPlace() {
  if (budget_ != nullptr) budget_->give(descriptors_);
}

}  // namespace hf::net
