#include "config/describe.h"

namespace hf::config {

std::string_view example_file() {
  return R"toml([node]
# name = "gw-a"                      # default: the host name
shards = { gw-a = 4, gw-b = 2 }      # any value marked "per node" may be a table keyed by node name
state_dir = "/var/lib/holdfast"

[admin]
http   = "127.0.0.1:9400"            # JSON API, /metrics
socket = "/run/holdfast/admin.sock"  # the command line

[log]
format = "json"
level  = "info"

[[service]]
name     = "orders"
protocol = "mysql"
listen   = [
  "10.0.0.1:3306",                                # read/write splitting
  { address = "10.0.0.1:3307", route = "read" },  # readers only
  { address = "10.0.0.1:3308", route = "write" }, # the primary only
  { unix = "/run/holdfast/orders.sock" },
]
balance = "least-connections"
allow   = ["10.0.0.0/8", "127.0.0.1"]
client_timeout = "8h"

  [service.mysql]
  monitor = { user = "holdfast", password_file = "/etc/holdfast/monitor.password" }
  users   = [
    { name = "app",    password_file = "/etc/holdfast/app.password" },
    { name = "report", password_env = "REPORT_PASSWORD" },
  ]
  max_replica_lag = "2s"
  max_server_connections = 100       # per server, all shards together
  hold_timeout = "10s"

  [service.check]
  interval = "1s"
  timeout  = "500ms"
  rise = 2
  fall = 3

  [[service.server]]
  name = "db1"
  address = "10.0.0.11:3306"

  [[service.server]]
  name = "db2"
  address = "10.0.0.12:3306"
  weight = 2

[[service]]
name     = "mail"
protocol = "tcp"
listen   = ["10.0.0.1:25", "[fd00::1]:25"]
balance  = "round-robin"

  [[service.server]]
  name = "mx1"
  address = "mx1.example:25"

  [[service.server]]
  name = "mx2"
  address = "[fd00::12]:25"

[[vip]]
name = "db"
interface = "eth1"
addresses = ["10.0.0.1/24", { address = "10.0.0.2/24", label = "eth1:2" }]
router_id = 51
priority = { gw-a = 110, gw-b = 100 }
advert_interval = "100ms"
heartbeat_key_file = "/etc/holdfast/heartbeat.key"
heartbeat = [ { interface = "eth2", peers = { gw-a = ["10.0.1.2"], gw-b = ["10.0.1.1"] } } ]
arbiters = [ { arp = "10.0.0.254" }, { tcp = "10.0.0.9:22" } ]  # one of them must answer
track = [
  { service = "orders", needs = "primary" },      # weight = "release": without it the addresses go
  { interface = "eth2" },
  { script = "/etc/holdfast/check.sh 'two words'", interval = "1s", timeout = "500ms", fall = 2 },
]
on_master = "/etc/holdfast/notify.sh master"

[[notify]]
smtp = "127.0.0.1:25"
from = "holdfast@example.org"
to = ["ops@example.org"]

[[notify]]
name = "pager"
webhook = "http://127.0.0.1:8080/holdfast"
events = ["HF-2002", "HF-60xx"]
level = "error"
)toml";
}

}  // namespace hf::config
