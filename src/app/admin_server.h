// AdminServer: the admin interface's sockets: HTTP on TCP and on a Unix socket, handed to admin::Api.
//
// Owner: the gateway. Thread: the control thread's.
// Invariant: at most kMostClients connections; each request within kRequestTimeout.
#pragma once

#include <memory>
#include <vector>

#include "admin/api.h"
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
  runtime::Task<Result<void>> close(Deadline deadline);

 private:
  static constexpr std::size_t kMostClients = 64;

  Result<void> listen(const config::Endpoint& endpoint, admin::Transport transport);
  /// Asked for each request: an operator may give the socket's file to others, or take it back, while we run.
  admin::Visitor visitor(const net::Accepted& accepted, admin::Transport transport) const;
  static runtime::Task<void> accept_loop(AdminServer* self, net::Listener* listener, admin::Transport transport);
  static runtime::Task<void> serve(AdminServer* self, net::Accepted accepted, admin::Transport transport);

  runtime::EventLoop& loop_;
  config::Admin settings_;
  admin::Api api_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  bool closed_ = false;
  runtime::Scope scope_;
};

}  // namespace hf::app
