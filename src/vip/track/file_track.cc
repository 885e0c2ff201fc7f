#include "vip/track/file_track.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hf::vip::track {
namespace {

constexpr std::int32_t kMostNumber = 254;
constexpr std::int32_t kOther = 1;  // what anything but a number counts as
constexpr Nanos kShortestInterval = 10ms;

std::optional<std::int32_t> leading_number(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\n')) text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return text.starts_with('-') ? -kMostNumber : kMostNumber;
  if (error != std::errc{}) return std::nullopt;
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, -kMostNumber, kMostNumber));
}

TrackResult number(std::int32_t value, std::string reason) {
  return TrackResult{.known = true, .bad = value != 0, .factor = value, .reason = std::move(reason)};
}

TrackResult read_open(int fd) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return number(kOther, "is not a regular file");
  std::string text(FileTrack::kMostRead, '\0');
  const ssize_t got = ::read(fd, text.data(), text.size());
  if (got < 0) return number(kOther, system_error(errno, "read").context);
  text.resize(static_cast<std::size_t>(got));
  const std::optional<std::int32_t> value = leading_number(text);
  if (!value) return number(kOther, "holds no number, which counts as " + std::to_string(kOther));
  return number(*value, "holds " + std::to_string(*value));
}

TrackResult look_at(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return number(0, "is not there");
  if (fd < 0) return number(kOther, system_error(errno, "open").context);
  TrackResult result = read_open(fd);
  ::close(fd);
  return result;
}

}  // namespace

std::int32_t file_number(std::string_view text) { return leading_number(text).value_or(kOther); }

void FileTrack::reconfigure(const config::Track& track) {
  track_ = track;
  if (armed() && !aside_.busy()) {
    loop_.arm(*this, std::min(at(), loop_.now() + std::max(track_.interval, kShortestInterval)));
  }
}

void FileTrack::look() {
  began_ = loop_.now();
  loop_.arm(*this, began_ + kPatience);
  auto result = std::make_shared<TrackResult>();
  aside_.run([path = track_.target, result] { *result = look_at(path); },
             [this, result] { looked(std::move(*result)); });
}

void FileTrack::looked(TrackResult result) {
  loop_.arm(*this, std::max(loop_.now(), began_ + std::max(track_.interval, kShortestInterval)));
  become(std::move(result));
}

void FileTrack::on_timer() {
  if (!aside_.busy()) return look();
  become(number(1, "its file system does not answer"));  // when it does, looked() goes on
}

}  // namespace hf::vip::track
