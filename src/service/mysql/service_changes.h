// ServiceChanges: what statements through any shard of a service have changed, or may have, of the accounts and the
// globals on its servers, and what logins wait for because of it.
//
// Owner: the service's frontends together. Thread: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "base/time.h"
#include "upstream/refresh.h"

namespace hf::service::mysql {

class ServiceChanges {
 public:
  /// A statement that changes accounts has run through us, and the servers are asked for the accounts of now.
  void accounts_changed(upstream::RefreshPtr asked) {
    const std::lock_guard lock(mutex_);
    accounts_asked_ = std::move(asked);
  }
  /// The same of a statement of which nobody can tell whether it does.
  void hidden_change_begins() { hidden_underway_.fetch_add(1); }
  void hidden_change_ends() {
    hidden_ended_.fetch_add(1);
    hidden_underway_.fetch_sub(1);
  }
  /// What a login waits for before it believes the accounts it has; nullptr: nothing. `ask` asks for the accounts of
  /// now, where something may have changed them unseen since the last question; not more often than logins can wait
  /// for.
  template <typename Ask>
  upstream::RefreshPtr accounts_asked(TimePoint now, const Ask& ask) {
    constexpr Nanos kPause = std::chrono::milliseconds(300);
    const std::lock_guard lock(mutex_);
    const bool at_work = hidden_underway_.load() > 0;  // its answer may be with the client already
    const std::uint64_t ended = hidden_ended_.load();
    const bool paused = hidden_asked_at_ && now - *hidden_asked_at_ < kPause;
    if ((at_work || ended != hidden_seen_) && !paused) {
      accounts_asked_ = ask();
      hidden_asked_at_ = now;
      hidden_seen_ = ended;
    }
    return accounts_asked_;
  }
  /// The same of global variables.
  void defaults_changed(upstream::RefreshPtr asked) {
    const std::lock_guard lock(mutex_);
    defaults_asked_ = std::move(asked);
  }
  upstream::RefreshPtr defaults_asked() const {
    const std::lock_guard lock(mutex_);
    return defaults_asked_;
  }
  /// Statements that change accounts or globals and that run at this moment.
  std::atomic<std::uint32_t> underway{0};

 private:
  mutable std::mutex mutex_;
  upstream::RefreshPtr accounts_asked_;
  upstream::RefreshPtr defaults_asked_;
  std::atomic<std::uint32_t> hidden_underway_{0};
  std::atomic<std::uint64_t> hidden_ended_{0};
  std::uint64_t hidden_seen_ = 0;
  std::optional<TimePoint> hidden_asked_at_;
};

}  // namespace hf::service::mysql
