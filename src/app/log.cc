#include "app/log.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace hf::app {

namespace {

config::LogLevel level_of(const Event& event) {
  const EventType* type = find_event(event.id);
  if (type == nullptr) return config::LogLevel::kInfo;
  switch (type->level) {
    case EventLevel::kInfo: return config::LogLevel::kInfo;
    case EventLevel::kWarning: return config::LogLevel::kWarning;
    case EventLevel::kError: break;
  }
  return config::LogLevel::kError;
}

}  // namespace

Log::~Log() {
  if (fd_ != 2) ::close(fd_);
}

Result<void> Log::open(const config::Log& settings) {
  settings_ = settings;
  int fd = 2;
  int error = 0;
  if (!settings.file.empty()) {
    fd = ::open(settings.file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0) {
      error = errno;
      fd = 2;
    }
  }
  if (fd_ != 2) ::close(fd_);
  fd_ = fd;
  if (error != 0) return system_error(error, "log file " + settings.file);
  return {};
}

void Log::write(const Event& event) {
  if (level_of(event) < settings_.level) return;
  std::string line = settings_.format == config::LogFormat::kJson ? render_json(event) : render_text(event);
  line += '\n';
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t n = ::write(fd_, left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // a full disk must not stop the gateway; the events stay in the admin interface
    left.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace hf::app
