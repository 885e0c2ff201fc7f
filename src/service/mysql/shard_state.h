// ShardState: what the MySQL sessions of one service share on one shard: verdicts by statement shape, settings, pool
// keys, collations, and who is connected under which id.
//
// Owner: the Frontend. Thread: the shard's.
// Invariant: connection ids are unique within the service: bit 30 marks them as ours, bits 24-29 are the shard.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/time.h"
#include "policy/session/hold_reason.h"
#include "policy/session/settings.h"
#include "policy/sql/shape_cache.h"
#include "proto/mysql/capabilities.h"
#include "runtime/signal.h"
#include "upstream/mysql/view.h"

namespace hf::service {
class Shard;
}

namespace hf::service::mysql {

class Session;

/// Names of a collation id; both empty: the servers do not know it.
struct CollationName {
  std::string charset;
  std::string collation;
  bool is_default = true;  // of its charset
};

class ShardState {
 public:
  explicit ShardState(Shard& shard);

  policy::sql::ShapeCache& shapes() { return shapes_; }
  policy::session::SettingsTable& settings() { return settings_; }

  /// A number for what connections must have in common to be shared; the account is its upper half.
  std::uint64_t pool_key(std::uint32_t account, proto::mysql::Capabilities capabilities, bool has_schema);
  static std::uint32_t account_of(std::uint64_t key) { return static_cast<std::uint32_t>(key >> 32); }

  /// What a session begins with whose settings follow from these alone: made once, at the first login of its kind.
  /// Null: not yet. `collation`: 0 for the servers' own; `flags`: of the handshake, as far as they say something of
  /// settings.
  policy::session::SettingsPtr& start(const upstream::mysql::SessionDefaultsPtr& defaults, std::uint16_t collation,
                                      proto::mysql::Capabilities flags);

  /// nullptr: not asked for yet.
  const CollationName* collation(std::uint16_t id) const;
  void add_collation(std::uint16_t id, CollationName name);
  /// The collation that SET NAMES gives a charset when none is named; empty: not seen yet.
  std::string& default_collation(const std::string& charset) { return default_collations_[charset]; }

  /// Not more often than ten times a second: a client that itself has prepared all that a server allows does not cost
  /// everybody their copies with each refusal.
  bool may_close_copies(TimePoint now);

  /// A statement of this shape has cost two servers: for a while it is not sent to a second one.
  void mark_frail(std::uint64_t shape, TimePoint until);
  bool any_frail() const { return !frail_.empty(); }
  bool is_frail(std::uint64_t shape, TimePoint now) const;

  /// Whether a statement that this server has refused is told with its shape, which costs as much as classifying it:
  /// twice a second, for of these events no more than one is reported.
  bool shows_shape(upstream::ServerSlot slot, TimePoint now);

  /// A session was pinned. How many were for this reason since it was told last; nothing: that was less than a minute
  /// ago.
  std::optional<std::uint64_t> pins_to_tell(policy::session::PinReason reason, TimePoint now);

  /// Counts what happens here, in order: a time would not tell apart what happens in one turn.
  std::uint64_t next_moment() { return ++moments_; }

  std::uint32_t enter(Session& session);  // gives the session its connection id
  void leave(std::uint32_t id);
  Session* find(std::uint32_t id);
  const std::map<std::uint32_t, Session*>& sessions() const { return sessions_; }
  static bool is_ours(std::uint64_t id) { return (id >> 30) == 1; }
  static std::uint32_t shard_of(std::uint64_t id) { return static_cast<std::uint32_t>(id >> 24) & 0x3F; }

  /// Connections to the server were cut by us: idle sessions that keep one look at it.
  void tell_holders(upstream::ServerSlot slot);
  /// Somebody waits for a connection to this server: sessions that keep one only for convenience give it back.
  void ask_to_give_back(upstream::ServerSlot slot);
  /// Drain: ends sessions that are between statements and hold nothing, now and as they become so.
  void end_idle_sessions();
  bool draining() const { return draining_; }

  /// Statements that had to wait for a primary in the outage at hand. The first, and the outage's end, are events.
  std::uint64_t statements_held = 0;
  TimePoint first_held_at;  // while there are any
  /// Logins under way whose proof only a server can judge, all together and by client address.
  std::map<std::string, std::uint32_t> proxied_logins;
  runtime::Signal proxied_login_ended;  // the next one may have its turn

 private:
  std::uint32_t shard_id_;
  std::uint32_t next_id_ = 1;
  std::uint64_t moments_ = 0;
  bool draining_ = false;
  policy::sql::ShapeCache shapes_;
  policy::session::SettingsTable settings_;
  std::map<std::tuple<std::uint32_t, proto::mysql::Capabilities, bool>, std::uint64_t> keys_;
  // the servers' globals that starts_ are made of: only the latest are asked for
  upstream::mysql::SessionDefaultsPtr starts_of_;
  std::map<std::pair<std::uint16_t, proto::mysql::Capabilities>, policy::session::SettingsPtr> starts_;
  std::unordered_map<std::uint16_t, CollationName> collations_;
  std::unordered_map<std::string, std::string> default_collations_;
  std::unordered_map<std::uint64_t, TimePoint> frail_;
  std::optional<TimePoint> copies_closed_at_;
  std::map<upstream::ServerSlot, TimePoint> shapes_shown_at_;
  struct PinNews {
    std::optional<TimePoint> told_at;
    std::uint64_t untold = 0;
  };
  std::array<PinNews, policy::session::kPinReasons> pin_news_;
  std::map<std::uint32_t, Session*> sessions_;  // in order: whoever walks over them goes on behind the last id
};

}  // namespace hf::service::mysql
