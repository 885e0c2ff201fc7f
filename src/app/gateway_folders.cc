#include "app/gateway_folders.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string_view>

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hf::app {

namespace {

constexpr int kMostLinks = 40;  // as the kernel has it
constexpr mode_t kParentMode = 0755;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

/// In front of what is left to walk.
void push_parts(std::deque<std::string>& parts, std::string_view path) {
  std::deque<std::string> added;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0 && path.substr(0, slash) != ".") added.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  parts.insert(parts.begin(), added.begin(), added.end());
}

/// A walk from the root (or the working folder) to a folder, one name at a time.
class Walk {
 public:
  Walk(const Folder& folder, const UserIds& user) : folder_(folder), user_(user) { push_parts(parts_, folder.path); }

  Result<void> run() {
    at_ = Descriptor(::open(folder_.path.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    while (at_.open() && !parts_.empty()) {
      const std::string name = std::move(parts_.front());
      parts_.pop_front();
      HF_RETURN_IF_ERROR(step(name));
    }
    return at_.open() ? Result<void>{} : Result<void>{failed(errno, "open")};
  }

 private:
  Error failed(int error, const std::string& doing) const {
    return system_error(error, folder_.what_for + ": " + doing + " in folder " + folder_.path);
  }

  Result<void> step(const std::string& name) {
    Descriptor next(::openat(at_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next.open() && errno == ENOENT) return make(name);
    if (!next.open()) return failed(errno, "opening '" + name + "'");
    struct stat seen{};
    if (::fstat(next.get(), &seen) != 0) return failed(errno, "looking at '" + name + "'");
    if (S_ISLNK(seen.st_mode)) return follow(next, name, seen.st_uid);
    if (!S_ISDIR(seen.st_mode)) return failed(ENOTDIR, "'" + name + "'");
    at_ = std::move(next);
    return {};
  }

  Result<void> follow(const Descriptor& link, const std::string& name, uid_t owner) {
    if (owner != 0 && owner != ::geteuid()) {
      return Error{ErrorCode::kRefused, folder_.what_for + ": '" + name + "' in folder " + folder_.path +
                                            " is a symbolic link that user " + std::to_string(owner) +
                                            " made; remove it, or write where it leads to"};
    }
    if (++links_ > kMostLinks) return failed(ELOOP, "following '" + name + "'");
    char target[PATH_MAX];
    const ssize_t length = ::readlinkat(link.get(), "", target, sizeof target);
    if (length <= 0 || length == sizeof target) {
      return failed(length < 0 ? errno : ENAMETOOLONG, "following '" + name + "'");
    }
    if (target[0] == '/') at_ = Descriptor(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    push_parts(parts_, {target, static_cast<std::size_t>(length)});
    return {};
  }

  /// Made closed to everybody but us, given its owner, then its mode.
  Result<void> make(const std::string& name) {
    const bool last = parts_.empty();
    if (::mkdirat(at_.get(), name.c_str(), 0700) != 0) return failed(errno, "making '" + name + "'");
    Descriptor made(::openat(at_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!made.open()) return failed(errno, "opening '" + name + "'");
    const bool theirs = last && user_.uid != ::geteuid();
    if (theirs && ::fchown(made.get(), user_.uid, user_.gid) != 0) {
      return failed(errno, "giving '" + name + "' to user '" + user_.name + "'");
    }
    if (::fchmod(made.get(), last ? folder_.mode : kParentMode) != 0) {
      return failed(errno, "setting the mode of '" + name + "'");
    }
    at_ = std::move(made);
    return {};
  }

  const Folder& folder_;
  const UserIds& user_;
  std::deque<std::string> parts_;
  Descriptor at_;
  int links_ = 0;
};

/// What access(2) says to that user: modes, access lists and read-only mounts are the kernel's to judge. 0 or an errno.
int access_as(const UserIds& user, const std::string& path, int mode) {
  if (::geteuid() == user.uid) return ::access(path.c_str(), mode) == 0 ? 0 : errno;
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) {
    const bool changed = ::setgroups(user.groups.size(), user.groups.data()) == 0 &&
                         ::setresgid(user.gid, user.gid, user.gid) == 0 &&
                         ::setresuid(user.uid, user.uid, user.uid) == 0;
    ::_exit(changed && ::access(path.c_str(), mode) == 0 ? 0 : errno & 0xFF);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

Error cannot_write(const Folder& folder, const std::string& path, const UserIds& user, int error) {
  Error reason = system_error(error, folder.what_for + ": user '" + user.name + "' cannot write to " + path);
  reason.context += "; `chown " + user.name + " " + path + "`, or set " + folder.what_for + " to another place";
  return reason;
}

}  // namespace

std::vector<Folder> folders_of(const config::Config& config) {
  std::vector<Folder> folders;
  const auto add = [&folders](const std::string& path, const std::string& what_for, mode_t mode) {
    const bool known =
        std::any_of(folders.begin(), folders.end(), [&](const Folder& each) { return each.path == path; });
    if (!known) folders.push_back({path, what_for, mode});
  };
  if (config.admin.socket.is_unix()) add(folder_of(config.admin.socket.unix_path), "admin.socket", 0755);
  for (const config::Service& service : config.services) {
    for (const config::Listen& listen : service.listen) {
      if (listen.endpoint.is_unix()) {
        add(folder_of(listen.endpoint.unix_path), "listen of service '" + service.name + "'", 0755);
      }
    }
  }
  if (!config.node.state_dir.empty()) add(config.node.state_dir, "node.state_dir", 0750);
  if (!config.log.file.empty()) add(folder_of(config.log.file), "log.file", 0750);
  return folders;
}

Result<void> prepare_folder(const Folder& folder, const UserIds& user) {
  HF_RETURN_IF_ERROR(Walk(folder, user).run());
  const int error = access_as(user, folder.path, W_OK | X_OK);
  if (error != 0) return cannot_write(folder, folder.path, user, error);
  return {};
}

Result<void> prepare_folders(const config::Config& config, const UserIds& user) {
  std::optional<Error> first;
  const auto collect = [&first](Error error) {
    if (first) {
      first->context += "\n" + error.context;
    } else {
      first = std::move(error);
    }
  };
  for (const Folder& folder : folders_of(config)) {
    Result<void> prepared = prepare_folder(folder, user);
    if (!prepared.ok()) collect(std::move(prepared).error());
  }
  if (!config.log.file.empty()) {
    const int error = access_as(user, config.log.file, W_OK);
    if (error == EACCES || error == EROFS || error == EPERM) {
      collect(cannot_write({config.log.file, "log.file"}, config.log.file, user, error));
    }
  }
  if (first) return std::move(*first);
  return {};
}

}  // namespace hf::app
