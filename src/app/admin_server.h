// AdminServer: the admin interface's sockets: HTTP on TCP and on a Unix socket, handed to admin::Api.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants:
//   1. Nobody can connect to the Unix socket before its file is closed to others; each request on it is from a process
//      whose user may.
//   2. The two doors have places of their own (admin_connections.h).
//   3. The socket's file is removed at the end if it is the one that was made here, and never another process's.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "admin/api.h"
#include "app/admin_connections.h"
#include "config/config.h"
#include "net/listener.h"
#include "runtime/scope.h"

namespace hf::app {

class AdminServer {
 public:
  AdminServer(runtime::EventLoop& loop, admin::AdminModel& model, const config::Admin& settings);
  ~AdminServer();

  /// Opens what is configured. Error: an address cannot be listened on.
  Result<void> open();
  void apply(const config::Admin& settings);
  admin::AdminStatus status() const;
  runtime::Task<Result<void>> close(Deadline deadline);

 private:
  using FileId = std::pair<dev_t, ino_t>;

  Result<void> listen(const net::Address& address, admin::Transport transport);
  std::optional<FileId> socket_file() const;
  AdminConnections::Door door(admin::Transport transport);
  /// Asked for each request: an operator may give the socket's file to others, or take it back, while we run.
  admin::Visitor visitor(const net::Accepted& accepted, admin::Transport transport) const;
  static runtime::Task<void> accept_loop(AdminServer* self, net::Listener* listener, AdminConnections* connections);

  runtime::EventLoop& loop_;
  admin::AdminModel& model_;
  config::Admin settings_;
  admin::Api api_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  AdminConnections http_;
  AdminConnections socket_;
  std::optional<FileId> made_;  // the socket's file
  bool closed_ = false;
  runtime::Scope scope_;
};

}  // namespace hf::app
