#include "topology/mysql/read_rounds.h"

#include "base/assert.h"

namespace hf::topology::mysql {

std::uint64_t ReadRounds::ask() {
  asked_ = true;
  return round_ + (reading_ && answers_ ? 2 : 1);
}

TimePoint ReadRounds::next_slot() const { return begun_[next_] ? *begun_[next_] + Nanos(1s) : TimePoint{0}; }

void ReadRounds::begin(TimePoint now) {
  HF_ASSERT(!reading_);
  reading_ = true;
  answers_ = asked_;
  asked_ = false;
  begun_[next_] = now;
  next_ = (next_ + 1) % begun_.size();
}

bool ReadRounds::end() {
  reading_ = false;
  if (!answers_) return false;
  answers_ = false;
  ++round_;
  return true;
}

bool ReadRounds::answer_without_reading() {
  if (!wanted()) return false;
  asked_ = false;
  ++round_;
  return true;
}

}  // namespace hf::topology::mysql
