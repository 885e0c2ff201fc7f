#include "app/order_file.h"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hf::app {

using policy::vrrp::OperatorCommand;

namespace {

constexpr std::string_view kRelease = "release ";
constexpr std::string_view kPrefer = "prefer ";

/// A descriptor that closes itself.
class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string text_of(const OrderFile::Orders& orders) {
  std::string out;
  for (const vip::StandingOrder& each : orders) {
    out.append(each.command == OperatorCommand::kRelease ? kRelease : kPrefer).append(each.vip).append("\n");
  }
  return out;
}

std::optional<vip::StandingOrder> order_of(std::string_view line) {
  for (const auto& [word, command] :
       {std::pair{kRelease, OperatorCommand::kRelease}, {kPrefer, OperatorCommand::kPrefer}}) {
    if (line.starts_with(word) && line.size() > word.size()) {
      return vip::StandingOrder{std::string(line.substr(word.size())), command};
    }
  }
  return std::nullopt;
}

Result<OrderFile::Orders> parse(std::string_view text, const std::string& path) {
  OrderFile::Orders out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::optional<vip::StandingOrder> order = order_of(text.substr(0, end));
    if (!order) return Error{ErrorCode::kProtocol, path + ": line " + std::to_string(number) + " is no order"};
    out.push_back(*order);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

Result<void> write_text(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_error(errno, "write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) return system_error(errno, "fsync");
  return {};
}

Result<void> replace(const std::string& path, const std::string& text) {
  if (text.empty()) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error(errno, "unlink");
    return {};
  }
  const std::string fresh = path + ".new";
  const File file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.fd() < 0) return system_error(errno, "open");
  HF_RETURN_IF_ERROR(write_text(file.fd(), text));
  if (::rename(fresh.c_str(), path.c_str()) != 0) return system_error(errno, "rename");
  return {};
}

}  // namespace

Result<OrderFile::Orders> OrderFile::read(const std::string& path) {
  const File file(path, O_RDONLY | O_NONBLOCK);
  if (file.fd() < 0 && errno == ENOENT) return Orders{};
  if (file.fd() < 0) return system_error(errno, path);
  struct stat status{};
  if (::fstat(file.fd(), &status) != 0) return system_error(errno, path);
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::kProtocol, path + ": it is no regular file"};
  std::string text(kLargest + 1, '\0');
  const ssize_t got = ::read(file.fd(), text.data(), text.size());
  if (got < 0) return system_error(errno, path);
  text.resize(static_cast<std::size_t>(got));
  if (text.size() > kLargest) return Error{ErrorCode::kProtocol, path + ": it is too large"};
  return parse(text, path);
}

struct OrderFile::Shared {
  explicit Shared(std::string to) : path(std::move(to)) {}

  const std::string path;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<std::string> wanted;  // and not there yet
  bool closing = false;
  std::string failure;  // of the latest attempt
  std::string untold;   // the same, until it was taken

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return wanted || closing; });
      if (!wanted) return;
      const std::string text = *wanted;
      lock.unlock();
      const Result<void> done = replace(path, text);
      lock.lock();
      if (done.ok() && wanted == text) wanted.reset();
      const std::string now = done.ok() ? "" : done.error().context;
      if (std::exchange(failure, now) != now) untold = now;
      changed.notify_all();
      if (closing) return;
      if (!done.ok()) changed.wait_for(lock, kRetry, [&] { return closing || wanted != text; });
    }
  }
};

/// The thread is let go: one that a hung file system holds must not hold the end of the process.
OrderFile::OrderFile(std::string path) : shared_(std::make_shared<Shared>(std::move(path))) {
  std::thread([shared = shared_] { shared->run(); }).detach();
}

OrderFile::~OrderFile() {
  std::unique_lock lock(shared_->mutex);
  shared_->closing = true;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, kPatienceAtEnd, [this] { return !shared_->wanted; });
}

void OrderFile::keep(const Orders& orders) {
  const std::lock_guard lock(shared_->mutex);
  shared_->wanted = text_of(orders);
  shared_->changed.notify_all();
}

std::string OrderFile::take_error() {
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->untold, {});
}

}  // namespace hf::app
