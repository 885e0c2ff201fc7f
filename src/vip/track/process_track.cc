#include "vip/track/process_track.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hf::vip::track {
namespace {

constexpr std::size_t kCommandLength = 15;  // TASK_COMM_LEN - 1
constexpr Nanos kShortestInterval = 10ms;

std::string read_start(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::array<char, 512> bytes;
  const ssize_t got = ::read(fd, bytes.data(), bytes.size());
  ::close(fd);
  return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

/// The command name; nullopt when the process is gone or a zombie. /proc/N/stat: "12 (name) S ...", any byte in the
/// name.
std::optional<std::string> command_of(const std::string& folder) {
  const std::string stat = read_start(folder + "/stat");
  const std::size_t begin = stat.find('(');
  const std::size_t end = stat.rfind(')');
  if (begin == std::string::npos || end == std::string::npos || end + 2 >= stat.size()) return std::nullopt;
  const char state = stat[end + 2];
  if (state == 'Z' || state == 'X') return std::nullopt;
  return stat.substr(begin + 1, end - begin - 1);
}

bool runs_as(pid_t pid, const std::string& name) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const std::optional<std::string> command = command_of(folder);
  if (!command.has_value()) return false;
  if (has_name(name, *command, {})) return true;
  const std::string words = read_start(folder + "/cmdline");
  return has_name(name, *command, std::string_view(words).substr(0, words.find('\0')));
}

}  // namespace

bool has_name(std::string_view name, std::string_view command, std::string_view argv0) {
  if (name.empty()) return false;
  if (name.size() <= kCommandLength && name == command) return true;
  return argv0 == name || argv0.substr(argv0.rfind('/') + 1) == name;
}

/// A watched process; tells the track once when it exits.
class ProcessTrack::Process final : private runtime::IoHandler {
 public:
  Process(ProcessTrack& owner, pid_t pid, int fd) : owner_(owner), pid_(pid), fd_(fd) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    owner_.loop_.poller().remove(fd_, *this);
    ::close(fd_);
  }
  Result<void> start() { return owner_.loop_.poller().add(fd_, *this); }

 private:
  void on_ready(std::uint32_t readiness) override {
    if ((readiness & runtime::kReadable) != 0) owner_.exited(pid_);  // ends this object
  }

  ProcessTrack& owner_;
  pid_t pid_;
  int fd_;
};

ProcessTrack::ProcessTrack(runtime::EventLoop& loop, const config::Track& track, std::function<void()> changed)
    : TrackSource(std::move(changed)), loop_(loop), track_(track) {}

ProcessTrack::~ProcessTrack() { end_walk(); }

void ProcessTrack::reconfigure(const config::Track& track) {
  track_ = track;
  if (armed()) loop_.arm(*this, loop_.now());
}

void ProcessTrack::on_timer() {
  if (walking_ != nullptr) return walk();
  forget_changed();
  if (enough()) return tell();
  begin_walk();
}

/// A process may have become another program meanwhile, and a pid that cannot be watched is somebody else's by now.
void ProcessTrack::forget_changed() {
  std::erase_if(found_, [this](const auto& one) { return !runs_as(one.first, track_.target); });
}

void ProcessTrack::begin_walk() {
  walk_again_ = false;
  walking_ = ::opendir("/proc");
  if (walking_ == nullptr) return tell();
  walk();
}

void ProcessTrack::walk() {
  const std::size_t most = track_.at_least + kMostSpare;
  for (int i = 0; i < kSlice && found_.size() < most; ++i) {
    const dirent* entry = ::readdir(walking_);  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
    if (entry == nullptr) {
      end_walk();
      return walk_again_ && !enough() ? begin_walk() : tell();
    }
    const std::string_view name(entry->d_name);
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc{} && end == name.data() + name.size()) consider(pid);
  }
  if (found_.size() >= most) {
    end_walk();
    return tell();
  }
  loop_.arm(*this, loop_.now());  // goes on in the next turn
}

void ProcessTrack::end_walk() {
  if (walking_ != nullptr) ::closedir(walking_);
  walking_ = nullptr;
}

void ProcessTrack::consider(pid_t pid) {
  if (found_.contains(pid) || !runs_as(pid, track_.target)) return;
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return;
  auto process = std::make_unique<Process>(*this, pid, fd);
  if (process->start().ok()) found_.emplace(pid, std::move(process));
}

void ProcessTrack::exited(pid_t pid) {
  found_.erase(pid);
  if (enough()) return;
  walk_again_ = walking_ != nullptr;
  if (walking_ == nullptr) begin_walk();  // another one of the name may have been there all along
}

void ProcessTrack::tell() {
  loop_.arm(*this, loop_.now() + std::max(track_.interval, kShortestInterval));
  const std::string count = enough() ? "at least " + std::to_string(track_.at_least) : std::to_string(found_.size());
  become(TrackResult{.known = true,
                     .bad = !enough(),
                     .factor = 1,
                     .reason = count + " running, " + std::to_string(track_.at_least) + " needed"});
}

}  // namespace hf::vip::track
