#include "app/admin_server.h"

#include <filesystem>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "runtime/signal.h"
#include "upstream/address_book.h"

namespace hf::app {

using runtime::Task;

namespace {

constexpr Nanos kAcceptPause = 100ms;
constexpr int kAcceptsInARow = 16;  // then the rest of the control thread has its turn

admin::Credentials credentials_of(const config::Admin& settings) {
  return {settings.token, settings.account.user, settings.account.password};
}

/// Each one that is missing, open to look at and ours alone to write in, whatever the umask is.
void make_folders(const std::filesystem::path& folder) {
  if (folder.empty() || ::access(folder.c_str(), F_OK) == 0) return;
  make_folders(folder.parent_path());
  ::mkdir(folder.c_str(), 0755);
}

}  // namespace

AdminServer::AdminServer(runtime::EventLoop& loop, admin::AdminModel& model, const config::Admin& settings)
    : loop_(loop),
      model_(model),
      settings_(settings),
      api_(model, credentials_of(settings)),
      http_(loop, door(admin::Transport::kTcp)),
      socket_(loop, door(admin::Transport::kUnixSocket)),
      scope_(loop) {}

AdminConnections::Door AdminServer::door(admin::Transport transport) {
  AdminConnections::Door door;
  door.answer = [this, transport](const admin::HttpRequest& request, const net::Accepted& accepted) {
    return api_.handle(request, visitor(accepted, transport));
  };
  door.crowded = [this, transport] { model_.crowded(transport, AdminConnections::kPlaces); };
  return door;
}

AdminServer::~AdminServer() = default;

std::optional<AdminServer::FileId> AdminServer::socket_file() const {
  struct stat file{};
  if (::lstat(settings_.socket.unix_path.c_str(), &file) != 0) return std::nullopt;
  return FileId{file.st_dev, file.st_ino};
}

void AdminServer::apply(const config::Admin& settings) { api_.set_credentials(credentials_of(settings)); }

Result<void> AdminServer::open() {
  if (settings_.socket.is_unix()) {
    make_folders(std::filesystem::path(settings_.socket.unix_path).parent_path());
    const Result<net::Address> path = upstream::address_in_numbers(settings_.socket);
    HF_RETURN_IF_ERROR(path);
    HF_RETURN_IF_ERROR(listen(*path, admin::Transport::kUnixSocket));
    made_ = socket_file();
  }
  if (settings_.http.host.empty()) return {};
  const Result<net::Address> address = upstream::address_in_numbers(settings_.http);
  HF_RETURN_IF_ERROR(address);
  return listen(*address, admin::Transport::kTcp);
}

Result<void> AdminServer::listen(const net::Address& address, admin::Transport transport) {
  Result<int> fd =
      net::Listener::bind(address, net::PortSharing::kExclusive, net::Presence::kMustBeLocal, net::SocketMode::kOwner);
  HF_RETURN_IF_ERROR(fd);
  listeners_.push_back(std::make_unique<net::Listener>(loop_, *fd, net::SocketOptions{}));
  scope_.spawn("admin accept", accept_loop, this, listeners_.back().get(),
               transport == admin::Transport::kTcp ? &http_ : &socket_);
  return {};
}

Task<void> AdminServer::accept_loop(AdminServer* self, net::Listener* listener, AdminConnections* connections) {
  for (int accepts = 1;; ++accepts) {
    Result<net::Accepted> accepted = co_await listener->accept();
    if (accepted.ok()) {
      connections->serve(std::move(*accepted));
      if (accepts % kAcceptsInARow != 0) continue;
    } else if (accepted.error().code == ErrorCode::kClosed || accepted.error().code == ErrorCode::kCancelled) {
      co_return;
    }
    const Nanos pause = accepted.ok() ? Nanos::zero() : kAcceptPause;
    const Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(pause));
    if (!slept.ok()) co_return;
  }
}

admin::Visitor AdminServer::visitor(const net::Accepted& accepted, admin::Transport transport) const {
  if (transport == admin::Transport::kTcp) return {transport, accepted.peer.to_string(), false};
  const Result<net::PeerCredentials> peer = accepted.stream->peer_credentials();
  if (!peer.ok()) return {transport, "unix (" + peer.error().context + ")", false};
  struct stat file{};
  const bool seen = ::lstat(settings_.socket.unix_path.c_str(), &file) == 0;
  const admin::SocketFile socket =
      seen ? admin::SocketFile{file.st_uid, file.st_gid, file.st_mode} : admin::SocketFile{};
  const bool trusted = admin::may_use_socket({peer->uid, peer->gid, peer->groups}, socket, ::geteuid());
  return {transport, "unix (uid " + std::to_string(peer->uid) + ")", trusted};
}

admin::AdminStatus AdminServer::status() const {
  const auto of = [](const AdminConnections& door) {
    return admin::DoorStatus{door.open(), door.gave_way(), door.too_slow()};
  };
  return {of(http_), of(socket_)};
}

Task<Result<void>> AdminServer::close(Deadline deadline) {
  if (!std::exchange(closed_, true) && made_ && socket_file() == made_) {  // before the next process makes its own
    std::error_code ignored;
    std::filesystem::remove(settings_.socket.unix_path, ignored);
  }
  for (const std::unique_ptr<net::Listener>& listener : listeners_) listener->close();
  Result<void> accepting = co_await scope_.close(deadline);
  Result<void> http = co_await http_.close(deadline);
  Result<void> socket = co_await socket_.close(deadline);
  HF_CO_RETURN_IF_ERROR(accepting);
  HF_CO_RETURN_IF_ERROR(http);
  co_return socket;
}

}  // namespace hf::app
