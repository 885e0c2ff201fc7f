// The catalogue of events: one row each, by rising number. Change a text here and docs/events.md follows
// (run base_test with HF_WRITE_DOCS=1).
#include "base/event.h"

namespace hf {
namespace {

constexpr auto kInfo = EventLevel::kInfo;
constexpr auto kWarning = EventLevel::kWarning;
constexpr auto kError = EventLevel::kError;

constexpr EventType kCatalogue[] = {
    {EventId::kStarted, "started", kInfo, "version pid shards services",
     "The gateway has read its configuration and opened its listeners.",
     "Nothing. An unexpected start means that the process had ended: look at the end of the log before it."},
    {EventId::kStopping, "stopping", kInfo, "reason clients",
     "A stop was asked for. Listeners are closed, clients are let go at the end of what they are doing.",
     "Nothing. `clients` tells how many connections are still being served."},
    {EventId::kStopped, "stopped", kInfo, "reason cut duration",
     "The gateway has ended. `cut` connections did not end by themselves in time and were closed.",
     "If `cut` is often above zero, give the stop more time or drain the clients first."},
    {EventId::kConfigLoaded, "config_loaded", kInfo, "file services servers",
     "The configuration file was read and is in use.", "Nothing."},
    {EventId::kConfigRejected, "config_rejected", kError, "file errors first",
     "The configuration file has errors. On a reload the running configuration stays in use, untouched.",
     "Run `holdfast check`, which lists all errors with place and remedy; correct the file; reload again."},
    {EventId::kConfigReloaded, "config_reloaded", kInfo, "file changes",
     "A changed configuration took effect. `changes` names what was added, removed and changed; everything else kept "
     "its "
     "connections, counters and state.",
     "Compare `changes` with what you meant to change."},
    {EventId::kConfigNeedsRestart, "config_needs_restart", kWarning, "file what",
     "A reload met a change that only a restart can apply. The rest of the change is in effect.",
     "Restart when it suits you, or take the change back."},
    {EventId::kListenerOpened, "listener_opened", kInfo, "service address route",
     "Clients can connect to this address.", "Nothing."},
    {EventId::kListenerFailed, "listener_failed", kError, "service address reason",
     "An address could not be opened for clients.",
     "`reason` is the system's word for it. Address in use: find the other program with `ss -ltnp`. Permission denied: "
     "ports "
     "below 1024 need CAP_NET_BIND_SERVICE."},
    {EventId::kListenerClosed, "listener_closed", kInfo, "service address reason",
     "The address no longer takes new clients; those already connected stay.", "Nothing, if the change was meant."},
    {EventId::kLogReopened, "log_reopened", kInfo, "file", "The log file was opened anew, as log rotation asks for.",
     "Nothing."},
    {EventId::kAdminCommand, "admin_command", kInfo, "command service server client outcome",
     "Somebody gave a command through the admin interface.", "Nothing: this is the audit trail."},
    {EventId::kAdminRefused, "admin_refused", kWarning, "client path reason",
     "A request to the admin interface was refused for its credentials or its origin.",
     "Correct the token or password of the tool that asked. Unknown clients: close the address to them."},

    {EventId::kServerUp, "server_up", kInfo, "service server address reason",
     "The server passed its checks and takes part again.", "Nothing."},
    {EventId::kServerDown, "server_down", kError, "service server address reason",
     "The server failed its checks and gets no new work. Statements that provably did not run are run elsewhere.",
     "`reason` names the last failure. Look at the server itself; it returns by itself once it passes its checks."},
    {EventId::kServerDrained, "server_drained", kInfo, "service server connections",
     "An operator drained the server: no new work, running work ends in peace. A drained primary still takes writes, "
     "because "
     "nobody else may.",
     "Wait until its connections are gone, do the maintenance, then `holdfast resume`."},
    {EventId::kServerResumed, "server_resumed", kInfo, "service server",
     "An operator ended the drain; the server takes part again.", "Nothing."},
    {EventId::kServerSlowStart, "server_slow_start", kInfo, "service server duration",
     "The server came back and gets a share of work that grows to its full weight over `duration`.", "Nothing."},
    {EventId::kMonitorLoginFailed, "monitor_login_failed", kError, "service server user reason",
     "The server is reachable, but the monitor account cannot log in or lacks a privilege, so its role and lag are "
     "unknown. "
     "A server of unknown role is not used.",
     "Create the account on the primary with the grants listed in the manual; check the password file."},
    {EventId::kRoleChanged, "role_changed", kInfo, "service server old new reason",
     "A server was seen in another role than before.", "Nothing, if you or a failover changed the replication."},
    {EventId::kPrimaryElected, "primary_elected", kInfo, "service server epoch reason",
     "This server is the primary: all writes go to it from now on. `epoch` counts such changes.", "Nothing."},
    {EventId::kPrimaryLost, "primary_lost", kError, "service server epoch reason",
     "There is no primary any more. Writes are held until one is known or their time is over; reads go on from the "
     "replicas.",
     "Bring the server back, or promote a replica (manual failover) if failover is not automatic."},
    {EventId::kNoPrimary, "no_primary", kError, "service reason",
     "All servers were checked and none can be trusted with writes. `reason` says what is missing.",
     "Follow `reason`: usually clear read_only on exactly one server and let the others replicate from it."},
    {EventId::kTwoWritableServers, "two_writable_servers", kError, "service primary servers reason",
     "More than one server accepts writes. Writes go to `primary` only, or to none when it is not clear who it is; "
     "never to "
     "both.",
     "Set read_only on the server that must not take writes and let it replicate. To decide for one of two equals, "
     "drain the "
     "other."},
    {EventId::kReplicaLagOut, "replica_lag_out", kWarning, "service server lag limit",
     "The replica is further behind the primary than max_replica_lag allows (or its lag is unknown) and gets no new "
     "reads. "
     "Running reads end in peace.",
     "Look for a long transaction or a slow disk on the replica. It returns when its lag is below half the limit."},
    {EventId::kReplicaLagIn, "replica_lag_in", kInfo, "service server lag limit",
     "The replica has caught up and serves reads again.", "Nothing."},
    {EventId::kReplicationStopped, "replication_stopped", kWarning, "service server source reason",
     "A replication thread of the replica does not run.",
     "Look at SHOW SLAVE STATUS on the server; correct the error there and START SLAVE."},
    {EventId::kReplicationRunning, "replication_running", kInfo, "service server source",
     "Both replication threads of the replica run again.", "Nothing."},
    {EventId::kReadersNone, "readers_none", kWarning, "service reason",
     "No replica can serve reads. Reads go where `reason` says.",
     "Look at the reason given for each server in `holdfast status`."},
    {EventId::kReadersBack, "readers_back", kInfo, "service readers", "Replicas serve reads again.", "Nothing."},

    {EventId::kAccountsLoaded, "accounts_loaded", kInfo, "service accounts source",
     "The accounts that clients may log in with are known.", "Nothing."},
    {EventId::kAccountsChanged, "accounts_changed", kInfo, "service added removed changed",
     "The accounts on the servers or in the file have changed; new logins follow them.", "Nothing."},
    {EventId::kAccountUnusable, "account_unusable", kWarning, "service account reason",
     "An account exists on the servers but clients cannot use it through the gateway.",
     "`reason` names the cause, such as an authentication plugin without support. List the account under `users`, or "
     "change "
     "its plugin."},
    {EventId::kClientRefusedAddress, "client_refused_address", kWarning, "service client listener count",
     "A client's address is outside the service's `allow` list. Repeats within a moment are counted, not logged one by "
     "one.",
     "Add its network to `allow` if the client is yours."},
    {EventId::kClientRefusedOverload, "client_refused_overload", kError, "service client limit count",
     "The service has as many clients as max_connections allows; further ones are told so.",
     "Look for a client that leaks connections; raise max_connections if the machine can carry more."},
    {EventId::kClientRefusedLogin, "client_refused_login", kWarning, "service client user reason count",
     "A client failed to log in.",
     "Correct the client's user or password. Many from one address: somebody is guessing."},

    {EventId::kOutOfDescriptors, "out_of_descriptors", kError, "what limit",
     "The process may not open more files or sockets. Connections that exist are served; new ones wait.",
     "Raise LimitNOFILE of the service, or lower max_connections."},
    {EventId::kOutOfMemory, "out_of_memory", kError, "what",
     "Memory could not be had for a piece of work, which was refused.",
     "Find out who uses the memory; lower max_connections or give the machine more."},
    {EventId::kAcceptPaused, "accept_paused", kWarning, "service address reason",
     "New clients wait in the kernel's queue; connected ones are served.",
     "Follow `reason`; accepting resumes by itself."},
    {EventId::kAcceptResumed, "accept_resumed", kInfo, "service address duration", "New clients are accepted again.",
     "Nothing."},
    {EventId::kLoopStalled, "loop_stalled", kWarning, "shard duration where",
     "A shard's event loop did not turn for too long, so its clients waited.",
     "Look for a machine short of CPU, a stopped process, or swapping. Otherwise please report it with `where`."},
    {EventId::kBugSurvived, "bug_survived", kError, "where what count",
     "The program found itself in a state it holds impossible and took the safe way out.",
     "Please report it with the lines of the log around it."},

    {EventId::kStatementRerouted, "statement_rerouted", kInfo, "service server primary code shape count",
     "A read sent to a replica turned out to write; the replica refused it (error 1290 or 1792) and it ran on the "
     "primary.",
     "Nothing has to be done; a hint in front of the statement spares the detour."},
    {EventId::kReadRetried, "read_retried", kInfo, "service server next reason count",
     "A server failed during a read before the client had any of its result; the read ran on another server.",
     "Nothing. Look at the server named if this repeats."},
    {EventId::kWritesHeld, "writes_held", kWarning, "service reason",
     "There is no primary at the moment; statements for it wait, the clients see only a pause.",
     "Follow `reason`. They are released as soon as a primary is known."},
    {EventId::kWritesReleased, "writes_released", kInfo, "service held waited",
     "A primary is known again and the waiting statements run.", "Nothing."},
    {EventId::kHeldWritesTimeout, "held_writes_timeout", kError, "service held waited reason",
     "Statements waited for a primary for hold_timeout and were answered with an error. None of them was run.",
     "Follow `reason`; a longer hold_timeout rides out longer failovers."},
    {EventId::kPoolExhausted, "pool_exhausted", kWarning, "service server limit waiting",
     "All connections that max_server_connections allows to this server are busy; statements wait for one.",
     "Look for slow statements or open transactions; raise max_server_connections if the server can carry more."},
};

}  // namespace

std::span<const EventType> event_catalogue() { return kCatalogue; }

}  // namespace hf
