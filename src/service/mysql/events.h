// What a shard tells of MySQL sessions and statements.
//
// Owner: constant tables, plain values. Thread: any. Invariants: those of base/event.h.
#pragma once

#include "base/event.h"

namespace hf::service::mysql::events {

struct ClientRefusedLogin {
  EventText service, client, user, reason;

  static constexpr EventWords kWords{
      .id = EventId::kClientRefusedLogin,
      .name = "client_refused_login",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning = "A client failed to log in.",
      .action = "Correct the client's user or password. Many from one address: somebody is guessing.",
  };
  static constexpr EventMember<ClientRefusedLogin> kFields[] = {{"service", &ClientRefusedLogin::service},
                                                                {"client", &ClientRefusedLogin::client},
                                                                {"user", &ClientRefusedLogin::user},
                                                                {"reason", &ClientRefusedLogin::reason}};
};

struct StatementRerouted {
  EventText service, server;
  OptionalEventText primary{};
  EventText code;
  OptionalEventText shape{};

  static constexpr EventWords kWords{
      .id = EventId::kStatementRerouted,
      .name = "statement_rerouted",
      .level = EventLevel::kInfo,
      .damping = EventDamping::kRepeats,
      .meaning =
          "A read sent to the replica `server` turned out to write; the replica refused it with error `code` (1290 or "
          "1836) and it goes to `primary`, which is left out when there is none at the moment. `shape` is the "
          "statement with its literals replaced; where many come at once it may be left out.",
      .action = "Nothing has to be done; a hint in front of the statement spares the detour.",
  };
  static constexpr EventMember<StatementRerouted> kFields[] = {{"service", &StatementRerouted::service},
                                                               {"server", &StatementRerouted::server},
                                                               {"primary", &StatementRerouted::primary},
                                                               {"code", &StatementRerouted::code},
                                                               {"shape", &StatementRerouted::shape}};
};

struct ReadRetried {
  EventText service, server, next, reason;

  static constexpr EventWords kWords{
      .id = EventId::kReadRetried,
      .name = "read_retried",
      .level = EventLevel::kInfo,
      .damping = EventDamping::kRepeats,
      .meaning =
          "`server` failed during a read before the client had any of its result, by `reason`; the read is sent once "
          "more, to `next` if that is still there then.",
      .action = "Nothing. Look at `server` if this repeats.",
  };
  static constexpr EventMember<ReadRetried> kFields[] = {{"service", &ReadRetried::service},
                                                         {"server", &ReadRetried::server},
                                                         {"next", &ReadRetried::next},
                                                         {"reason", &ReadRetried::reason}};
};

struct WritesHeld {
  EventText service, reason;

  static constexpr EventWords kWords{
      .id = EventId::kWritesHeld,
      .name = "writes_held",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning = "There is no primary at the moment; statements for it wait, the clients see only a pause.",
      .action = "Follow `reason`. They are released as soon as a primary is known.",
  };
  static constexpr EventMember<WritesHeld> kFields[] = {{"service", &WritesHeld::service},
                                                        {"reason", &WritesHeld::reason}};
};

struct WritesReleased {
  EventText service, held, waited;

  static constexpr EventWords kWords{
      .id = EventId::kWritesReleased,
      .name = "writes_released",
      .level = EventLevel::kInfo,
      .damping = EventDamping::kRepeats,
      .meaning =
          "A primary is known again and the waiting statements run. `held` is how many statements had to wait "
          "meanwhile on the shard that tells, `waited` how long the first of them did.",
      .action = "Nothing.",
  };
  static constexpr EventMember<WritesReleased> kFields[] = {
      {"service", &WritesReleased::service}, {"held", &WritesReleased::held}, {"waited", &WritesReleased::waited}};
};

struct HeldWritesTimeout {
  EventText service, held, waited, reason;

  static constexpr EventWords kWords{
      .id = EventId::kHeldWritesTimeout,
      .name = "held_writes_timeout",
      .level = EventLevel::kError,
      .damping = EventDamping::kRepeats,
      .meaning =
          "A statement waited for a primary for hold_timeout and was answered with an error. It was not run. `waited` "
          "is how long it found nobody, `held` how many statements have had to wait for the primary until now on the "
          "shard that tells.",
      .action = "Follow `reason`; a longer hold_timeout rides out longer failovers.",
  };
  static constexpr EventMember<HeldWritesTimeout> kFields[] = {{"service", &HeldWritesTimeout::service},
                                                               {"held", &HeldWritesTimeout::held},
                                                               {"waited", &HeldWritesTimeout::waited},
                                                               {"reason", &HeldWritesTimeout::reason}};
};

struct PoolExhausted {
  EventText service, server, limit, waiting;

  static constexpr EventWords kWords{
      .id = EventId::kPoolExhausted,
      .name = "pool_exhausted",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning =
          "All connections that max_server_connections allows to this server (`limit`) stayed busy while a statement "
          "waited for one, which was answered with an error. `waiting` more still wait.",
      .action =
          "Look for slow statements or open transactions; raise max_server_connections if the server can carry more.",
  };
  static constexpr EventMember<PoolExhausted> kFields[] = {{"service", &PoolExhausted::service},
                                                           {"server", &PoolExhausted::server},
                                                           {"limit", &PoolExhausted::limit},
                                                           {"waiting", &PoolExhausted::waiting}};
};

struct FrailStatement {
  EventText service, statement;

  static constexpr EventWords kWords{
      .id = EventId::kFrailStatement,
      .name = "frail_statement",
      .level = EventLevel::kError,
      .damping = EventDamping::kRepeats,
      .meaning =
          "Two servers ended while they ran this statement. The client got the error; for a minute statements of this "
          "shape are not sent to a second server.",
      .action =
          "Look at the servers' error logs: the statement may make them crash. Keep it away from them until that is "
          "mended.",
  };
  static constexpr EventMember<FrailStatement> kFields[] = {{"service", &FrailStatement::service},
                                                            {"statement", &FrailStatement::statement}};
};

struct SessionPinned {
  EventText service, server, account, client, reason, shape;

  static constexpr EventWords kWords{
      .id = EventId::kSessionPinned,
      .name = "session_pinned",
      .level = EventLevel::kInfo,
      .damping = EventDamping::kRepeatsByReason,
      .meaning =
          "A session has state that no other connection can be given, and keeps its server connection until it is "
          "reset or ends. `reason` is one of the words in the manual's section on pooling, `shape` the statement with "
          "its literals replaced. Each shard tells of a reason once a minute; `count` tells how many sessions were "
          "pinned for it since.",
      .action =
          "Nothing, where few sessions do it. Many pinned sessions need as many server connections: `holdfast "
          "sessions` lists them; change the statement, or let clients reset their connections (COM_RESET_CONNECTION) "
          "when they give them back.",
  };
  static constexpr EventMember<SessionPinned> kFields[] = {
      {"service", &SessionPinned::service}, {"server", &SessionPinned::server}, {"account", &SessionPinned::account},
      {"client", &SessionPinned::client},   {"reason", &SessionPinned::reason}, {"shape", &SessionPinned::shape}};
};

inline constexpr auto kAll = kEventTypes<ClientRefusedLogin, StatementRerouted, ReadRetried, WritesHeld, WritesReleased,
                                         HeldWritesTimeout, PoolExhausted, FrailStatement, SessionPinned>;

}  // namespace hf::service::mysql::events
