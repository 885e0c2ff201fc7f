// AdminConnections: the connections of one door of the admin interface: HTTP, or the Unix socket. Each door has places
// of its own, so that a crowd at one never keeps the other shut.
//
// A connection reads a request, is answered, and is idle until the next. When all places are taken the newest
// connection is served and the one that has been longest at whatever it is at gives way: somebody who asks at once is
// answered even while others hold places.
//
// Owner: AdminServer. Thread: the control thread's.
// Invariants:
//   1. At most `places` connections; one that gives way is closed before the next is served.
//   2. A request has kRequestPatience to arrive whole, from its first byte (the first of a connection: from the
//      connection) on, however its bytes are spread; an answer kAnswerPatience to be taken; between the two a
//      connection may be idle for kIdlePatience.
//   3. Who is turned away in the middle of a request is told why: 408 too slow, 503 gave way. Both are counted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "admin/http_message.h"
#include "net/listener.h"
#include "runtime/scope.h"

namespace hf::app {

class AdminConnections {
 public:
  static constexpr std::size_t kPlaces = 64;
  static constexpr Nanos kRequestPatience = 10s;
  static constexpr Nanos kAnswerPatience = 30s;
  static constexpr Nanos kIdlePatience = 30s;

  struct Door {
    std::size_t places = kPlaces;
    /// One request in, one response out.
    std::function<runtime::Task<admin::HttpResponse>(const admin::HttpRequest&, const net::Accepted&)> answer;
    /// A connection gave way.
    std::function<void()> crowded;
  };

  AdminConnections(runtime::EventLoop& loop, Door door) : loop_(loop), door_(std::move(door)), scope_(loop) {}

  void serve(net::Accepted accepted);
  runtime::Task<Result<void>> close(Deadline deadline);

  std::size_t open() const { return clients_.size(); }
  std::uint64_t gave_way() const { return gave_way_; }
  std::uint64_t too_slow() const { return too_slow_; }

 private:
  struct Client;
  class Membership;

  static runtime::Task<void> run(AdminConnections* self, net::Accepted accepted);
  static runtime::Task<bool> converse(AdminConnections* self, Client* client);
  void make_room();
  Deadline deadline_of(const Client& client) const;
  void end_late(Client& client);

  runtime::EventLoop& loop_;
  Door door_;
  std::vector<Client*> clients_;
  std::uint64_t gave_way_ = 0;
  std::uint64_t too_slow_ = 0;
  runtime::Scope scope_;
};

}  // namespace hf::app
