#include "app/admin_server.h"

#include <filesystem>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "admin/request_parser.h"
#include "runtime/signal.h"
#include "upstream/resolve.h"

namespace hf::app {

using runtime::Task;

namespace {

constexpr Nanos kRequestTimeout = 30s;
constexpr ByteView kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

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
    : loop_(loop), settings_(settings), api_(model, credentials_of(settings)), scope_(loop) {}

AdminServer::~AdminServer() = default;

void AdminServer::apply(const config::Admin& settings) { api_.set_credentials(credentials_of(settings)); }

Result<void> AdminServer::open() {
  if (settings_.socket.is_unix()) {
    make_folders(std::filesystem::path(settings_.socket.unix_path).parent_path());
    Result<void> opened = listen(settings_.socket, admin::Transport::kUnixSocket);
    if (!opened.ok()) return opened;
  }
  if (!settings_.http.host.empty()) return listen(settings_.http, admin::Transport::kTcp);
  return {};
}

Result<void> AdminServer::listen(const config::Endpoint& endpoint, admin::Transport transport) {
  Result<net::Address> address = upstream::resolve(endpoint);
  HF_RETURN_IF_ERROR(address);
  Result<int> fd = net::Listener::bind(*address, net::PortSharing::kExclusive, net::Presence::kMustBeLocal, net::SocketMode::kOwner);
  HF_RETURN_IF_ERROR(fd);
  listeners_.push_back(std::make_unique<net::Listener>(loop_, *fd, net::SocketOptions{}));
  scope_.spawn("admin accept", accept_loop, this, listeners_.back().get(), transport);
  return {};
}

Task<void> AdminServer::accept_loop(AdminServer* self, net::Listener* listener, admin::Transport transport) {
  for (;;) {
    Result<net::Accepted> accepted = co_await listener->accept();
    if (accepted.ok()) {
      if (self->scope_.size() < kMostClients) self->scope_.spawn("admin client", serve, self, std::move(*accepted), transport);
      continue;
    }
    if (accepted.error().code == ErrorCode::kClosed || accepted.error().code == ErrorCode::kCancelled) co_return;
    const Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(100ms));
    if (!slept.ok()) co_return;
  }
}

admin::Visitor AdminServer::visitor(const net::Accepted& accepted, admin::Transport transport) const {
  if (transport == admin::Transport::kTcp) return {transport, accepted.peer.to_string(), false};
  const Result<net::PeerCredentials> peer = accepted.stream->peer_credentials();
  if (!peer.ok()) return {transport, "unix (" + peer.error().context + ")", false};
  struct stat file{};
  const bool seen = ::lstat(settings_.socket.unix_path.c_str(), &file) == 0;
  const admin::SocketFile socket = seen ? admin::SocketFile{file.st_uid, file.st_gid, file.st_mode} : admin::SocketFile{};
  const bool trusted = admin::may_use_socket({peer->uid, peer->gid, peer->groups}, socket, ::geteuid());
  return {transport, "unix (uid " + std::to_string(peer->uid) + ")", trusted};
}

Task<void> AdminServer::serve(AdminServer* self, net::Accepted accepted, admin::Transport transport) {
  net::Stream& client = *accepted.stream;
  admin::RequestParser parser;
  std::string pending;
  for (;;) {
    admin::RequestParser::Fed fed;
    while (!pending.empty()) {
      fed = parser.feed(pending);
      pending.erase(0, fed.consumed);
      if (fed.progress != admin::RequestParser::Progress::kNeedMore || fed.consumed == 0) break;
    }
    if (fed.progress == admin::RequestParser::Progress::kBad) {
      client.write(admin::serialize(parser.refusal(), admin::Connection::kClose));
      break;
    }
    if (fed.progress == admin::RequestParser::Progress::kComplete) {
      const admin::HttpRequest request = parser.take();
      const admin::Connection after = admin::connection_after(request);
      client.write(admin::serialize(self->api_.handle(request, self->visitor(accepted, transport)), after, admin::body_part_for(request)));
      const Result<void> sent = co_await client.drained(0, self->loop_.deadline_in(kRequestTimeout));
      if (!sent.ok() || after == admin::Connection::kClose) break;
      continue;
    }
    if (parser.wants_continue()) client.write(kContinue);
    Result<ByteView> bytes = co_await client.recv(self->loop_.deadline_in(kRequestTimeout));
    if (!bytes.ok() || bytes->empty()) break;
    pending.append(*bytes);
  }
  client.close();
}

Task<Result<void>> AdminServer::close(Deadline deadline) {
  if (!std::exchange(closed_, true) && settings_.socket.is_unix()) {  // before the next process makes its own
    std::error_code ignored;
    std::filesystem::remove(settings_.socket.unix_path, ignored);
  }
  for (const std::unique_ptr<net::Listener>& listener : listeners_) listener->close();
  Result<void> closed = co_await scope_.close(deadline);
  co_return closed;
}

}  // namespace hf::app
