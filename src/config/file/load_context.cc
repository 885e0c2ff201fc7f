#include "config/file/load_context.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <utility>

namespace hf::config::file {

namespace {

class File {
 public:
  // Not blocking, so that a pipe in the place of a file cannot hold us up.
  explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::uint32_t available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&set)));
}

std::string own_host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  if (gethostname(name, HOST_NAME_MAX) != 0) return "localhost";
  return name;
}

}  // namespace

Result<SecretFile> read_secret_file(const std::string& path) {
  const File file(path);
  if (file.fd() < 0 && errno == ENOENT) return Error{ErrorCode::kNotFound, "there is no such file"};
  if (file.fd() < 0 && errno == EACCES) return Error{ErrorCode::kAccessDenied, "this process may not read it"};
  if (file.fd() < 0) return system_error(errno, "open");

  struct stat status = {};
  if (fstat(file.fd(), &status) != 0) return system_error(errno, "fstat");
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::kInvalidArgument, "it is not a regular file"};

  SecretFile secret;
  secret.readable_by_others = (status.st_mode & S_IROTH) != 0;
  secret.text.resize(kLargestSecret + 1);
  std::size_t filled = 0;
  while (filled < secret.text.size()) {
    const ssize_t got = read(file.fd(), secret.text.data() + filled, secret.text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "read");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  if (filled > kLargestSecret) return Error{ErrorCode::kInvalidArgument, "it is larger than 4 KiB"};
  secret.text.resize(filled);
  return secret;
}

LoadContext system_context() {
  LoadContext context;
  context.host_name = own_host_name();
  context.shards = available_cpus();
  context.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody here sets the environment
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  context.read_secret = read_secret_file;
  return context;
}

}  // namespace hf::config::file
