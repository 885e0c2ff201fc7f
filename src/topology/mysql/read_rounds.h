// ReadRounds: readings of something on a server that anybody may ask for at any time: together, not more often than so
// many a second, and each question answered by a reading that began after it.
//
//   ask ──► wanted ──(a slot is free)──► begin ──► end: the round is raised by one
//   A question that comes while a reading runs is answered by the next one.
//
// Owner: the service's watcher. Thread: the owner's only. Pure: time comes in.
// Invariants:
//   1. The round is raised by one at the end of a reading that somebody asked for, and only then.
//   2. Of any kMostPerSecond + 1 readings the last begins a second after the first, or later. One that nobody asked for
//      counts too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace hf::topology::mysql {

class ReadRounds {
 public:
  static constexpr std::size_t kMostPerSecond = 5;

  /// The round that will answer.
  std::uint64_t ask();
  /// Somebody has asked and nobody reads.
  bool wanted() const { return asked_ && !reading_; }
  /// When a reading that is wanted may begin; in the past: now.
  TimePoint next_slot() const;

  bool reading() const { return reading_; }
  void begin(TimePoint now);
  /// Returns whether the round was raised.
  bool end();
  /// There is nobody to read from, or nothing to read: whoever has asked is answered by what is known.
  bool answer_without_reading();

  std::uint64_t round() const { return round_; }

 private:
  std::uint64_t round_ = 0;
  bool asked_ = false;  // since the latest begin
  bool reading_ = false;
  bool answers_ = false;  // the reading at work is for somebody
  std::array<std::optional<TimePoint>, kMostPerSecond> begun_{};
  std::size_t next_ = 0;  // the oldest of begun_
};

}  // namespace hf::topology::mysql
