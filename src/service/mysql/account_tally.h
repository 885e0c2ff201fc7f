// AccountTally: how many connections to servers one shard has of which account, for the admin thread to read.
//
// Thread: publish the shard's, read any.
// Invariant: the shard never waits for a reader: it comes again.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace hf::service::mysql {

/// By "user@host pattern".
using AccountConnections = std::map<std::string, std::uint64_t>;

class AccountTally {
 public:
  /// False: somebody reads at the moment; what was published before stands.
  bool publish(AccountConnections& next) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    published_.swap(next);
    return true;
  }
  AccountConnections read() const {
    const std::lock_guard lock(mutex_);
    return published_;
  }

 private:
  mutable std::mutex mutex_;
  AccountConnections published_;
};

}  // namespace hf::service::mysql
