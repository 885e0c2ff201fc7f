#include "topology/tcp/judge.h"

#include "check/tcp_check.h"

namespace hf::topology::tcp {

std::unique_ptr<topology::Judge> make_judge(Bench& bench) { return std::make_unique<Judge>(bench); }

void Judge::meet(WatchedServer& server) {
  if (server.checker == nullptr) server.checker = std::make_unique<check::TcpCheck>(bench_.loop(), server.address);
}

std::shared_ptr<upstream::ServiceView> Judge::judge(upstream::ServiceView seen) {
  for (const WatchedServer* server : bench_.servers()) {
    upstream::ServerView& view = seen.servers[server->slot];
    view.reader = server->up() && !server->drained && server->server.weight > 0;
    view.reason = server->drained ? "drained by the operator" : server->check;
  }
  return std::make_shared<upstream::ServiceView>(std::move(seen));
}

}  // namespace hf::topology::tcp
