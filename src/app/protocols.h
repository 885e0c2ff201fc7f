// Protocols: the one table of what each protocol brings to a service. Elsewhere nothing but the configuration's
// sections and the protocols' own rooms asks which one a service speaks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "admin/admin_model.h"
#include "config/config.h"
#include "service/frontend.h"
#include "service/held_sessions.h"
#include "topology/judge.h"

namespace hf::service {
class Shard;
}

namespace hf::app {

struct Protocol {
  const char* name;  // as in the configuration
  std::uint32_t descriptors_per_client;
  /// Connections to one server that are kept for clients.
  std::size_t (*pooled_per_server)(const config::Service& service);
  /// For one service.
  service::FrontendMaker (*frontends)();
  std::unique_ptr<topology::Judge> (*judge)(topology::Bench& bench);
  bool has_routes;  // its listeners have a route each
  /// What would be done with a statement; nullptr: it has none.
  Result<admin::Explanation> (*explain)(const upstream::ServiceView& view, std::string_view statement);
  /// Sessions that keep something on servers (service/mysql/session_list.h); nullptr: it has none.
  void (*list_sessions)(service::Shard& shard, std::string service, std::size_t most,
                        std::function<void(service::HeldSessions)> done);
};

const Protocol& protocol_of(const config::Service& service);

}  // namespace hf::app
