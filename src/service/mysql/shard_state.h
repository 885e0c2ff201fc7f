// ShardState: what the MySQL sessions of one service share on one shard: verdicts by statement shape, session states, pool keys,
// and who is connected under which id.
//
// Owner: ServiceShard. Thread: the shard's.
// Invariant: connection ids are unique within the service: bit 30 marks them as ours, bits 24-29 are the shard.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>

#include "policy/sql/shape_cache.h"
#include "proto/mysql/capabilities.h"
#include "service/mysql/session_state.h"
#include "upstream/service_view.h"

namespace hf::service {
class Shard;
}

namespace hf::service::mysql {

class Session;

class ShardState {
 public:
  explicit ShardState(Shard& shard);

  policy::sql::ShapeCache& shapes() { return shapes_; }
  StateTable& states() { return states_; }

  /// A number for what connections must have in common to be shared: account, capabilities, charset, whether a schema is set.
  std::uint64_t pool_key(std::uint32_t account, proto::mysql::Capabilities capabilities, std::uint8_t charset, bool has_schema);

  std::uint32_t enter(Session& session);  // gives the session its connection id
  void leave(std::uint32_t id);
  Session* find(std::uint32_t id);
  static bool is_ours(std::uint64_t id) { return (id >> 30) == 1; }
  static std::uint32_t shard_of(std::uint64_t id) { return static_cast<std::uint32_t>(id >> 24) & 0x3F; }

  /// Somebody waits for a connection to this server: sessions that keep one only for convenience give it back.
  void ask_to_give_back(upstream::ServerSlot slot);
  /// Drain: ends sessions that are between statements and hold nothing, now and as they become so.
  void end_idle_sessions();
  bool draining() const { return draining_; }

  /// Statements that had to wait for a server in the outage at hand. The first, and the outage's end, are events.
  std::uint64_t statements_held = 0;

 private:
  std::uint32_t shard_id_;
  std::uint32_t next_id_ = 1;
  bool draining_ = false;
  policy::sql::ShapeCache shapes_;
  StateTable states_;
  std::map<std::tuple<std::uint32_t, proto::mysql::Capabilities, std::uint8_t, bool>, std::uint64_t> keys_;
  std::unordered_map<std::uint32_t, Session*> sessions_;
};

}  // namespace hf::service::mysql
