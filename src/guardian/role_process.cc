#include "guardian/role_process.h"

#include <utility>

#include <unistd.h>

namespace hf::guardian {

RoleProcess::RoleProcess(runtime::EventLoop& loop, Options options, Listener listener)
    : loop_(loop), options_(std::move(options)), listener_(std::move(listener)) {}

Result<void> RoleProcess::start(std::vector<int> more) {
  const Result<int> talk = connect();
  if (talk.ok()) more.insert(more.begin(), *talk);
  Result<void> launched = talk.ok() ? launch(more) : talk.error();
  for (const int fd : more) ::close(fd);
  return launched;
}

Result<int> RoleProcess::connect() {
  const Result<std::pair<int, int>> talk = Channel::make_pair();
  if (!talk.ok()) return talk.error();
  Channel::Listener listener;
  listener.on_message = listener_.message;
  listener.on_closed = [] {};  // its end is seen by its pidfd
  listener.on_malformed = listener_.malformed;
  channel_ = std::make_unique<Channel>(loop_, talk->first, std::move(listener));
  return talk->second;
}

Result<void> RoleProcess::launch(const std::vector<int>& fds) {
  const ChildProcess::Options options{
      options_.program, {"holdfast", "run", "--config", options_.config_file, "--role", options_.role}, fds};
  Result<std::unique_ptr<ChildProcess>> started =
      ChildProcess::start(loop_, options, [this](int status) { listener_.ended(describe_exit(status)); });
  if (!started.ok()) return std::move(started).error();
  process_ = std::move(*started);
  backoff_.started(loop_.now());
  return {};
}

void RoleProcess::signal(int number) {
  if (process_ == nullptr) return;
  const Result<void> sent = process_->kill(number);
  (void)sent;  // it has ended: its pidfd says so next
}

void RoleProcess::forget() {
  process_.reset();
  channel_.reset();
}

}  // namespace hf::guardian
