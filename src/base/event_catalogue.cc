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
    {EventId::kStopped, "stopped", kInfo, "duration",
     "The gateway has ended, `duration` after it was asked to. Connections that had not ended by themselves by then were closed.",
     "Nothing. A `duration` above ten seconds means that clients were cut: drain them first."},

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
    {EventId::kListenerClosed, "listener_closed", kInfo, "service address",
     "The address no longer takes new clients; those already connected stay.", "Nothing, if the change was meant."},

    {EventId::kLogReopened, "log_reopened", kInfo, "file", "The log file was opened anew, as log rotation asks for.",
     "Nothing."},

    {EventId::kLogLinesLost, "log_lines_lost", kError, "count reason",
     "Lines of the log were lost here: whoever takes them (the reader of a pipe, a disk, a mount) did not in time, and "
     "clients do not wait for the log. The latest events are still in `holdfast events`.",
     "Follow `reason`: a reader that hangs, a full disk, a mount that does not answer."},
    {EventId::kLogFailed, "log_failed", kError, "file reason",
     "The log file cannot be opened. Until it can, lines go to where they went before; at a start without one, to standard "
     "error.",
     "Correct `file` or its folder's rights, then reload, or send SIGUSR1 to have it opened again."},

    {EventId::kAdminCommand, "admin_command", kInfo, "command service server client",
     "Somebody gave a command through the admin interface.", "Nothing: this is the audit trail."},
    {EventId::kAdminRefused, "admin_refused", kWarning, "client path reason count",
     "A request to the admin interface was refused: for its credentials, for its origin, or because it would have changed "
     "something and came over HTTP without a credential.",
     "Correct the token or password of the tool that asked; without one, give commands with the command line on this machine. "
     "Unknown clients: close the address to them."},
    {EventId::kAdminCrowded, "admin_crowded", kWarning, "door limit count",
     "All connections that the admin interface serves at this door (http or socket) were taken; for each new one the one that "
     "had waited longest was closed. Whoever asks at once is still answered.",
     "Find who holds them with `ss -tnp`; close the address to clients that have no business there."},

    {EventId::kServerUp, "server_up", kInfo, "service server reason",
     "The server passed its checks and takes part again.", "Nothing."},
    {EventId::kServerDown, "server_down", kError, "service server reason",
     "The server failed its checks and gets no new work. Statements that provably did not run are run elsewhere.",
     "`reason` names the last failure. Look at the server itself; it returns by itself once it passes its checks."},
    {EventId::kServerDrained, "server_drained", kInfo, "service server",
     "An operator drained the server: no new work, running work ends in peace. A drained primary still takes writes, "
     "because "
     "nobody else may.",
     "Wait until its connections are gone, do the maintenance, then `holdfast resume`."},
    {EventId::kServerResumed, "server_resumed", kInfo, "service server",
     "An operator ended the drain; the server takes part again.", "Nothing."},
    {EventId::kServerSlowStart, "server_slow_start", kInfo, "service server duration",
     "The server came back and gets a share of work that grows to its full weight over `duration`.", "Nothing."},
    {EventId::kMonitorLoginFailed, "monitor_login_failed", kError, "service server reason",
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

    {EventId::kAccountsLoaded, "accounts_loaded", kInfo, "service source",
     "The accounts that clients may log in with are known.", "Nothing."},
    {EventId::kAccountsChanged, "accounts_changed", kInfo, "service changed",
     "The accounts on the servers or in the file have changed; new logins follow them.", "Nothing."},
    {EventId::kAccountUnusable, "account_unusable", kWarning, "service account reason",
     "An account exists on the servers but clients cannot use it through the gateway.",
     "`reason` names the cause, such as an authentication plugin without support. List the account under `users`, or "
     "change "
     "its plugin."},

    {EventId::kClientRefusedAddress, "client_refused_address", kWarning, "service client count",
     "A client's address is outside the service's `allow` list. Repeats within a moment are counted, not logged one by "
     "one.",
     "Add its network to `allow` if the client is yours."},
    {EventId::kClientRefusedOverload, "client_refused_overload", kError, "service client limit count",
     "The service has as many clients as max_connections allows; further ones are told so.",
     "Look for a client that leaks connections; raise max_connections if the machine can carry more."},
    {EventId::kClientRefusedLogin, "client_refused_login", kWarning, "service client user reason count",
     "A client failed to log in.",
     "Correct the client's user or password. Many from one address: somebody is guessing."},
    {EventId::kClientsCut, "clients_cut", kWarning, "service address clients reason",
     "A virtual address leaves this node: the connections that came in on it were closed, their open transactions rolled "
     "back, so that no lock outlives them.",
     "Nothing: the clients connect again and reach the node that has the address now. `reason` says why it left."},

    {EventId::kOutOfDescriptors, "out_of_descriptors", kError, "what count",
     "The process may not open more files or sockets, or clients have all that is not kept for servers and the admin "
     "interface. Connections that exist are served; new ones wait.",
     "Raise LimitNOFILE of the service, or lower max_connections."},
    {EventId::kOutOfMemory, "out_of_memory", kError, "what count",
     "Memory could not be had for a piece of work, which was refused.",
     "Find out who uses the memory; lower max_connections or give the machine more."},
    {EventId::kAcceptPaused, "accept_paused", kWarning, "service reason count",
     "New clients wait in the kernel's queue; connected ones are served.",
     "Follow `reason`; accepting resumes by itself."},
    {EventId::kAcceptResumed, "accept_resumed", kInfo, "service count", "New clients are accepted again.",
     "Nothing."},
    {EventId::kLoopStalled, "loop_stalled", kWarning, "shard duration count",
     "A shard's event loop did not turn for too long, so its clients waited.",
     "Look for a machine short of CPU, a stopped process, or swapping. Otherwise please report it."},
    {EventId::kBugSurvived, "bug_survived", kError, "where what count",
     "The program found itself in a state it holds impossible and took the safe way out.",
     "Please report it with the lines of the log around it."},
    {EventId::kDescriptorsScarce, "descriptors_scarce", kWarning, "limit needed clients",
     "The process may open fewer files and sockets (`limit`) than its configuration may need (`needed`): max_connections of "
     "all services, the connections to their servers, and a reserve. Clients get `clients` of them; further ones wait.",
     "Raise LimitNOFILE of the service (the hard limit: the program takes all of it by itself), or lower max_connections."},

    {EventId::kStatementRerouted, "statement_rerouted", kInfo, "service server primary code shape count",
     "A read sent to a replica turned out to write; the replica refused it (error 1290 or 1836) and it ran on the "
     "primary.",
     "Nothing has to be done; a hint in front of the statement spares the detour."},
    {EventId::kReadRetried, "read_retried", kInfo, "service server next reason count",
     "A server failed during a read before the client had any of its result; the read ran on another server.",
     "Nothing. Look at the server named if this repeats."},
    {EventId::kWritesHeld, "writes_held", kWarning, "service reason count",
     "There is no primary at the moment; statements for it wait, the clients see only a pause.",
     "Follow `reason`. They are released as soon as a primary is known."},
    {EventId::kWritesReleased, "writes_released", kInfo, "service held waited count",
     "A primary is known again and the waiting statements run.", "Nothing."},
    {EventId::kHeldWritesTimeout, "held_writes_timeout", kError, "service held waited reason count",
     "Statements waited for a primary for hold_timeout and were answered with an error. None of them was run.",
     "Follow `reason`; a longer hold_timeout rides out longer failovers."},
    {EventId::kPoolExhausted, "pool_exhausted", kWarning, "service server limit waiting count",
     "All connections that max_server_connections allows to this server are busy; statements wait for one.",
     "Look for slow statements or open transactions; raise max_server_connections if the server can carry more."},
    {EventId::kFrailStatement, "frail_statement", kError, "service statement count",
     "Two servers ended while they ran this statement. The client got the error; for a minute statements of this shape are not sent to a "
     "second server.",
     "Look at the servers' error logs: the statement may make them crash. Keep it away from them until that is mended."},
    {EventId::kSessionPinned, "session_pinned", kInfo, "service server account client reason shape count",
     "A session has state that no other connection can be given, and keeps its server connection until it is reset or ends. "
     "`reason` is one of the words in the manual's section on pooling, `shape` the statement with its literals replaced. Each "
     "shard tells of a reason once a minute; `count` tells how many sessions were pinned for it since.",
     "Nothing, where few sessions do it. Many pinned sessions need as many server connections: `holdfast sessions` lists them; "
     "change the statement, or let clients reset their connections (COM_RESET_CONNECTION) when they give them back."},

    {EventId::kGuardianStarted, "guardian_started", kInfo, "pid vips realtime locked",
     "The guardian, the process that holds the virtual addresses, has started. `realtime` tells whether it runs "
     "with a real-time priority, `locked` whether its memory is locked.",
     "Nothing, if you started the program. Otherwise an earlier guardian had ended: look for HF-6002 and for the "
     "kernel's and the service manager's word on it. \"no\" in `realtime` or `locked`: see HF-6003."},
    {EventId::kGuardianLost, "guardian_lost", kError, "reason",
     "The guardian is gone. The kernel takes the virtual addresses off this node when their lease ends; another "
     "node takes over.",
     "Clients are served by another node if there is one: look at `holdfast status` there. Restart holdfast on "
     "this node. `dmesg` and the service manager's log tell whether the system killed the guardian; report a crash"
     " with the lines of the log before it."},
    {EventId::kGuardianDegraded, "guardian_degraded", kWarning, "what reason",
     "The guardian, which holds the virtual addresses, could not get a right or a guarantee that it wants. It works without, "
     "but `what` is missing: a busy or swapping machine may then delay its adverts, and a late master gives its addresses up.",
     "Follow `reason`. Under systemd, holdfast.service.d/vip.conf grants all of it; in a container the rights come from its "
     "runtime."},

    {EventId::kGatewayDied, "gateway_died", kError, "pid reason vips",
     "The gateway, the process that serves clients, has ended without being asked to. Its connections are lost. "
     "`vips` are the virtual addresses it served; what becomes of them is what `gateway_weight` says (unless "
     "configured otherwise: released at once).",
     "The guardian starts it anew by itself (HF-6012). `reason` is its exit code or signal: 9 is usually the "
     "kernel short of memory (`dmesg`); others are a crash, please report it with the end of the log."},
    {EventId::kGatewayStuck, "gateway_stuck", kError, "pid silence",
     "The gateway's process exists but was not heard for `silence`: it hangs, is stopped, or gets no CPU. For its "
     "virtual addresses it counts as dead.",
     "Look for a stopped process (state T in `ps`), a machine short of CPU, swapping, or a full or slow disk. If "
     "it stays stuck it is killed and started anew."},
    {EventId::kGatewayRestarted, "gateway_restarted", kWarning, "pid attempt",
     "The guardian has started the gateway anew. `attempt` counts the starts so far; the delay before each "
     "grows while they fail.",
     "If `attempt` grows, the gateway ends soon after each start: run `holdfast check`, and look at its last words"
     " in the log. HF-6010 tells why it ended."},
    {EventId::kStewardRestarted, "steward_restarted", kWarning, "reason",
     "The steward, the process that reads the configuration for the guardian and runs its scripts, had ended and "
     "was started anew. Scripts that it ran were ended and count as failed.",
     "Nothing, if it stays alone. If it repeats, `reason` is its exit code or signal; report it with the lines of "
     "the log around it."},

    {EventId::kVipMaster, "vip_master", kInfo, "vip router_id interface from reason priority master",
     "This node is master of the virtual address: it has put the addresses on the interface and announced them.",
     "Nothing, if the move was planned. Otherwise find out what ended the former master: `reason` here, and the "
     "log of that node at the same time."},
    {EventId::kVipBackup, "vip_backup", kInfo, "vip router_id interface from reason priority master",
     "This node is backup: it does not hold the addresses and takes them when the master falls silent. `master` is"
     " who holds them, as far as it was heard.",
     "Nothing. If it was master before and nobody asked for the change, follow `reason`."},
    {EventId::kVipFault, "vip_fault", kError, "vip router_id interface from reason priority master",
     "This node may not hold the addresses, and has given them up if it held them: an interface is down, a tracked"
     " thing demands it, arbiters are out of reach, a member of the sync group is at fault, or the operator "
     "released them.",
     "See whether another node is master: `holdfast status` there, or `master` here. Then mend what `reason` "
     "names; the node is backup again by itself. After a release by the operator: `holdfast vip resume NAME`."},
    {EventId::kVipStopped, "vip_stopped", kInfo, "vip router_id interface from reason priority master",
     "The virtual address is not run on this node any more: the program stops, or the configuration no longer has "
     "it. If it was held, it was given up in order.",
     "Nothing, if the stop was meant."},

    {EventId::kVipDuplicateMaster, "vip_duplicate_master", kError, "vip peer count",
     "Two nodes were master at the same time: this one heard the advertisement of `peer` while it held the "
     "addresses. The one of lower priority (then lower address) gives way at once and the other announces itself "
     "anew.",
     "It heals by itself as soon as the nodes hear each other. If it repeats, adverts get lost one way: look for a"
     " firewall that drops IP protocol 112 (51 with auth type ah), a switch that filters multicast (configure "
     "`peers`), or another cluster with the same router id. A further heartbeat path or arbiters prevent it."},
    {EventId::kVipAddressConflict, "vip_address_conflict", kError, "vip address mac count",
     "Another station answers for a virtual address. Before taking it, this node waits while somebody answers; "
     "while holding it, it announces the address again, or gives it up if so configured.",
     "Find the station by its `mac` (switch table, `ip neigh`). A node whose holdfast is gone but which kept the "
     "address: remove it with `ip addr del`. Any other machine: give it another address. Until then some clients "
     "reach the wrong one."},
    {EventId::kVipPeerRefused, "vip_peer_refused", kWarning, "vip peer reason count",
     "Adverts of `peer` arrive but are not obeyed, so the two nodes do not know of each other and may both become "
     "master. `count` is how many since the last such event.",
     "By `reason`: auth-type, auth-data: the same authentication and password on both nodes (version 2 only; it "
     "uses the first 8 bytes). ah-digest: another password, or something changes packets on their way. ah-sequence: "
     "somebody sends packets again; a few after a restart of the peer heal by themselves. version: the same VRRP "
     "version on both; keepalived's default is 2. checksum: version 3 over IPv4 has two ways, with and without the "
     "pseudo header (keepalived: `v3_checksum_as_v2`). ttl: a router is in between; for unicast peers allow a lower one. "
     "interval, addresses: see HF-6033. length, count, ip-header: not a VRRP router, or a broken one; look with "
     "`tcpdump -vv ip proto 112` (51 with auth type ah)."},
    {EventId::kVipSettingsDiffer, "vip_settings_differ", kWarning, "vip peer what count",
     "The adverts of `peer` show that it is configured otherwise: `what` is the list of addresses or the advert "
     "interval. They are obeyed nevertheless, unless `strict` is set.",
     "Make the two configurations equal and reload both. Addresses that only one node has go dark when the other "
     "one is master. Other implementations may refuse our adverts for it and become master too."},
    {EventId::kVipStaleAddresses, "vip_stale_addresses", kWarning, "vip",
     "At its start this node found the virtual addresses on the interface, left there by an earlier run, and "
     "removed them before doing anything else.",
     "Nothing now; find out why the earlier run ended without removing them (kill -9, a crash). If the addresses "
     "are also configured elsewhere in the system, such as /etc/network/interfaces, remove them there."},
    {EventId::kVipStalled, "vip_stalled", kError, "vip late",
     "The guardian did not run for `late`, longer than the other nodes wait for a master, so it gave the addresses"
     " up before doing anything else. Another node may have taken them meanwhile.",
     "Look for a paused or migrated virtual machine, a machine short of CPU, or swapping. Let the guardian have a "
     "real-time priority and locked memory (HF-6003), or raise `advert_interval`."},

    {EventId::kVipArbitersLost, "vip_arbiters_lost", kError, "vip reached needed",
     "This node reaches fewer arbiters than it needs (`reached` of `needed`), so it takes itself for cut off: it "
     "gives the addresses up and does not take them.",
     "`holdfast status` lists each arbiter. One out of reach: look at that machine. All of them: this node's "
     "cable, switch port, VLAN or firewall. If all nodes say so at once, nobody holds the addresses: bring an "
     "arbiter back or correct the list."},
    {EventId::kVipArbitersBack, "vip_arbiters_back", kInfo, "vip reached needed",
     "Enough arbiters are reached again; this node takes part again.",
     "Nothing."},

    {EventId::kVipCommand, "vip_command", kInfo, "vip command client outcome",
     "Somebody released, preferred or resumed a virtual address. `outcome` is what the guardian made of it.",
     "Nothing: this is the audit trail. A release or a preference holds until `holdfast vip resume NAME`."},

    {EventId::kVipKernelRefused, "vip_kernel_refused", kError, "vip what reason",
     "The kernel refused something that the guardian needs: an address, a socket, a packet. `what` is the step, "
     "`reason` the system's word for it.",
     "Permission denied: the guardian lacks CAP_NET_ADMIN or CAP_NET_RAW (run as root, or look at the unit's "
     "CapabilityBoundingSet). No such device: the interface is gone or misspelt. File exists: the address is "
     "configured on the system already; remove it there. No buffer space: the interface drops packets, look at `ip"
     " -s link`."},
    {EventId::kVipSettingsRejected, "vip_settings_rejected", kError, "reason",
     "The guardian could not use the configuration of the virtual addresses. It goes on with the one it had; "
     "without one it moves no address.",
     "Run `holdfast check`, correct the file, and reload. `reason` names the first thing that is wrong."},
    {EventId::kVipSettingsApplied, "vip_settings_applied", kInfo, "changes",
     "The guardian took over a changed configuration. Virtual addresses that did not change were not touched.",
     "Compare `changes` with what you meant to change."},

    {EventId::kTrackFailed, "track_failed", kWarning, "vip track reason weight",
     "Something that a virtual address depends on is bad on this node. With weight `release` the node gives the address "
     "up, else its priority changes by the weight.",
     "Follow `reason`, which for a script holds the beginning of its output."},
    {EventId::kTrackRecovered, "track_recovered", kInfo, "vip track reason weight",
     "Something that a virtual address depends on is good again on this node.", "Nothing."},

    {EventId::kNotifyFailed, "notify_failed", kError, "vip target reason",
     "Somebody who was to be told of a virtual address's change was not, in spite of the retries: a script, a pipe, a "
     "socket, a mail server or a web hook. The address itself is not concerned.",
     "Follow `reason`; tell the receiver of the present state yourself if it acts on what it is told."},
};

}  // namespace

std::span<const EventType> event_catalogue() { return kCatalogue; }

}  // namespace hf
