#include "app/log_writer.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"

namespace hf::app {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kNotTaken = "whoever takes the log did not take it in time";
constexpr std::size_t kPiece = 4096;  // PIPE_BUF: a pipe that polls as writable takes as much without blocking

int millis_until(Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

class Target {
 public:
  explicit Target(int fd) : fd_(fd) {}
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target() {
    if (fd_ > 2) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

enum class Piece { kWritten, kFailed, kWoken };

}  // namespace

struct LogWriter::Shared {
  explicit Shared(Settings chosen)
      : settings(chosen),
        wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        target(std::make_shared<Target>(chosen.standard_error)) {
    HF_CHECK(wake >= 0);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { ::close(wake); }

  void rouse() const { [[maybe_unused]] const int done = ::eventfd_write(wake, 1); }
  Piece write_piece(const Target& to, std::string_view piece, std::size_t& taken);
  void open_wanted(std::unique_lock<std::mutex>& lock);
  void write_front(std::unique_lock<std::mutex>& lock);

  const Settings settings;
  const int wake;  // ends the writer's wait for its target

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> lines;  // the first may be written in part
  std::size_t written = 0;        // of the first
  std::size_t queued = 0;         // bytes of all
  bool losing = false;
  Lost lost;  // not told yet
  std::uint64_t lost_total = 0;
  Clock::time_point progress;         // when something was taken, or began to wait
  std::string trouble;                // why lines are not taken; empty: they are, or nothing is known
  std::optional<std::string> wanted;  // a path to open
  std::optional<Result<void>> opened;
  std::shared_ptr<Target> target;
  bool closing = false;    // the writer ends when all is written
  bool abandoned = false;  // the writer ends
  bool ended = false;
};

/// Waits for the target to take something, or to be roused, or after a failure for a while.
Piece LogWriter::Shared::write_piece(const Target& to, std::string_view piece, std::size_t& taken) {
  pollfd ready[2] = {{to.fd(), POLLOUT, 0}, {wake, POLLIN, 0}};
  if (::poll(ready, 2, -1) < 0) return Piece::kWoken;  // EINTR
  if (ready[1].revents != 0) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake, &ignored);
    return Piece::kWoken;
  }
  const ssize_t n = ::write(to.fd(), piece.data(), std::min(piece.size(), kPiece));
  if (n > 0) {
    taken = static_cast<std::size_t>(n);
    return Piece::kWritten;
  }
  return n < 0 && (errno == EINTR || errno == EAGAIN) ? Piece::kWoken : Piece::kFailed;
}

void LogWriter::Shared::open_wanted(std::unique_lock<std::mutex>& lock) {
  const std::string path = *std::exchange(wanted, std::nullopt);
  int fd = settings.standard_error;
  int error = 0;
  if (!path.empty()) {
    lock.unlock();
    fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    error = errno;
    lock.lock();
  }
  std::shared_ptr<Target> former;
  if (fd >= 0) {
    former = std::exchange(target, std::make_shared<Target>(fd));
    written = 0;
  }
  opened = fd >= 0 ? Result<void>{} : Result<void>{system_error(error, "log file " + path)};
  changed.notify_all();
  lock.unlock();
  former.reset();
  lock.lock();
}

void LogWriter::Shared::write_front(std::unique_lock<std::mutex>& lock) {
  const std::shared_ptr<Target> to = target;
  const std::string_view rest = std::string_view(lines.front()).substr(written);  // stays: nobody else takes lines away
  std::size_t n = 0;
  lock.unlock();
  const Piece outcome = write_piece(*to, rest, n);
  const int error = errno;
  lock.lock();
  if (outcome == Piece::kWritten) {
    trouble.clear();
    progress = Clock::now();
    written += n;
    if (written < lines.front().size()) return;
    queued -= lines.front().size();
    lines.pop_front();
    written = 0;
    changed.notify_all();
  } else if (outcome == Piece::kFailed) {
    trouble = system_error(error, "log").context;
    abandoned = abandoned || closing;  // nobody waits for a disk to have room at the end
    changed.wait_for(lock, kRetry, [this] { return wanted || closing || abandoned; });
  }
}

void LogWriter::run(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    shared->changed.wait(
        lock, [&shared] { return shared->wanted || !shared->lines.empty() || shared->closing || shared->abandoned; });
    if (shared->abandoned) break;
    if (shared->wanted) {
      shared->open_wanted(lock);
    } else if (!shared->lines.empty()) {
      shared->write_front(lock);
    } else {
      break;
    }
  }
  std::shared_ptr<Target> last =
      std::exchange(shared->target, std::make_shared<Target>(shared->settings.standard_error));
  lock.unlock();
  last.reset();
  lock.lock();
  shared->ended = true;
  shared->changed.notify_all();
}

LogWriter::LogWriter(Settings settings)
    : shared_(std::make_shared<Shared>(settings)), thread_([shared = shared_] { run(shared); }) {}

LogWriter::~LogWriter() { close(Nanos::zero()); }

void LogWriter::ask(const std::string& path) {
  const std::lock_guard lock(shared_->mutex);
  shared_->wanted = path;
  shared_->opened.reset();
  shared_->changed.notify_all();
  shared_->rouse();
}

std::optional<Result<void>> LogWriter::opened() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->opened;
}

Result<void> LogWriter::open(const std::string& path, Nanos patience) {
  ask(path);
  std::unique_lock lock(shared_->mutex);
  if (!shared_->changed.wait_for(lock, patience, [this] { return shared_->opened.has_value(); })) {
    return Error{ErrorCode::kTimeout,
                 "log file " + path + " is not open yet: the log's writer is held up by a file system"};
  }
  return *shared_->opened;
}

void LogWriter::push(std::string line) {
  line += '\n';
  const std::lock_guard lock(shared_->mutex);
  const std::size_t room = shared_->settings.most_queued;
  if (shared_->losing && shared_->queued <= room / 2) shared_->losing = false;
  if (shared_->losing || shared_->queued + line.size() > room) {
    shared_->losing = true;
    ++shared_->lost.lines;
    ++shared_->lost_total;
    if (shared_->lost.reason.empty()) {
      shared_->lost.reason = shared_->trouble.empty() ? kNotTaken : shared_->trouble;
    }
    return;
  }
  if (shared_->lines.empty()) shared_->progress = Clock::now();
  shared_->queued += line.size();
  shared_->lines.push_back(std::move(line));
  shared_->changed.notify_all();
}

LogWriter::Lost LogWriter::take_lost() {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->lost.lines == 0 || shared_->queued > shared_->settings.most_queued / 2) return {};
  shared_->losing = false;
  return std::exchange(shared_->lost, Lost{});
}

std::uint64_t LogWriter::lost_total() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->lost_total;
}

std::string LogWriter::trouble() const {
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->trouble.empty()) return shared_->trouble;
  const bool slow = !shared_->lines.empty() && Clock::now() - shared_->progress > shared_->settings.slow;
  return slow ? kNotTaken : std::string();
}

void LogWriter::close(Nanos patience) {
  if (!thread_.joinable()) return;
  std::unique_lock lock(shared_->mutex);
  const auto has_ended = [this] { return shared_->ended; };
  shared_->closing = true;
  shared_->changed.notify_all();
  if (!shared_->changed.wait_for(lock, patience, has_ended)) {
    shared_->abandoned = true;
    shared_->changed.notify_all();
    shared_->rouse();
    shared_->changed.wait_for(lock, 100ms, has_ended);
  }
  const bool ended = shared_->ended;
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();  // in the kernel's hands; it has its own share of what it uses
  }
}

bool LogWriter::push_last(std::string line, Nanos patience) {
  line += '\n';
  const Clock::time_point end = Clock::now() + patience;
  std::unique_lock lock(shared_->mutex, std::defer_lock);
  while (!lock.try_lock()) {  // it may be this thread that holds it
    if (Clock::now() > end) return false;
    std::this_thread::yield();
  }
  shared_->queued += line.size();
  shared_->lines.push_back(std::move(line));
  shared_->changed.notify_all();
  const bool written = shared_->changed.wait_until(lock, end, [this] { return shared_->lines.empty(); });
  return written && shared_->target->fd() == shared_->settings.standard_error;
}

bool write_within(int fd, const std::string& text, Nanos patience) {
  const Clock::time_point end = Clock::now() + patience;
  std::string_view left = text;
  while (!left.empty()) {
    pollfd ready{fd, POLLOUT, 0};
    const int seen = ::poll(&ready, 1, millis_until(end));
    if (seen < 0 && errno == EINTR) continue;
    if (seen <= 0) return false;
    const ssize_t n = ::write(fd, left.data(), std::min(left.size(), kPiece));
    if (n < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (n > 0) left.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace hf::app
