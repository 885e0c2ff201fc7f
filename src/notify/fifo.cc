#include "notify/fifo.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hf::notify {

Result<void> Fifo::write(ByteView line) {
  if (fd_ >= 0 && !still_there()) close();
  if (fd_ < 0) HF_RETURN_IF_ERROR(open());
  const ssize_t written = ::write(fd_, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) return {};
  if (written < 0 && errno != EAGAIN) return system_error(errno, "write to '" + path_ + "'");
  return Error{ErrorCode::kOverload, "the pipe is full: nobody reads '" + path_ + "'"};
}

Result<void> Fifo::open() {
  if (::mkfifo(path_.c_str(), 0600) != 0 && errno != EEXIST) return system_error(errno, "mkfifo '" + path_ + "'");
  const int fd = ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return system_error(errno, "open '" + path_ + "'");
  struct stat status = {};
  if (::fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) {
    ::close(fd);
    return Error{ErrorCode::kInvalidArgument, "'" + path_ + "' is not a pipe"};
  }
  fd_ = fd;
  return {};
}

bool Fifo::still_there() const {
  struct stat ours = {};
  struct stat named = {};
  return ::fstat(fd_, &ours) == 0 && ::stat(path_.c_str(), &named) == 0 && ours.st_dev == named.st_dev &&
         ours.st_ino == named.st_ino;
}

void Fifo::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace hf::notify
