// FileTrack: a file with a number in it: 0 is good, and so is a missing file. Points count once for each of the number.
//
// Owner: the Tracker. Thread: the control thread's.
// Invariants: as TrackSource, and
//   1. Only regular files are read, at most kMostRead bytes of them; a pipe in its place cannot hold us up.
//   2. What is there but has no number counts as 1: an empty file, other text, a file that may not be read, one whose
//      file system does not answer within kPatience.
//   3. The loop does not wait for a file system: a thread of the track's own reads.
#pragma once

#include <string>

#include "runtime/aside.h"
#include "vip/track/track_source.h"

namespace hf::vip::track {

/// Pure: the number at the start of the text, -254 to 254; 1 where there is none.
std::int32_t file_number(std::string_view text);

class FileTrack final : public TrackSource, private runtime::Timer {
 public:
  static constexpr std::size_t kMostRead = 64;
  static constexpr Nanos kPatience = 2s;

  FileTrack(runtime::EventLoop& loop, const config::Track& track, std::function<void()> changed)
      : TrackSource(std::move(changed)), loop_(loop), track_(track), aside_(loop) {}
  void start() override { look(); }
  void reconfigure(const config::Track& track) override;

 private:
  void on_timer() override;
  void look();
  void looked(TrackResult result);

  runtime::EventLoop& loop_;
  config::Track track_;
  TimePoint began_;  // the latest look
  runtime::Aside aside_;
};

}  // namespace hf::vip::track
