#include "config/section/node.h"

#include <algorithm>

#include "base/limits.h"
#include "config/file/findings.h"
#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::at;
using file::Key;
using file::Kind;
using file::ns;

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "node.name", .kind = Kind::kName, .doc = "The name of this node, which chooses its entry where a value is a table keyed by node name.",
     .fallback_note = "the host name", .needs_restart = true, .field = at<&Node::name>()},
    {.path = "node.shards", .kind = Kind::kCount, .doc = "How many threads carry traffic.",
     .fallback_note = "the CPUs available to the process", .min = 1, .max = kMostShards, .per_node = true, .needs_restart = true, .field = at<&Node::shards>()},
    {.path = "node.state_dir", .kind = Kind::kPath, .doc = "The folder for what must survive a restart.",
     .fallback = "\"/var/lib/holdfast\"", .per_node = true, .needs_restart = true, .field = at<&Node::state_dir>()},
    {.path = "node.user", .kind = Kind::kName, .doc = "Whom the part that serves clients becomes when holdfast is started as root; also runs the scripts of VIPs.",
     .fallback = "\"holdfast\"", .per_node = true, .needs_restart = true, .field = at<&Node::user>()},
    {.path = "node.gateway_silence", .kind = Kind::kDuration,
     .doc = "After so long without a sign of life the part that serves clients counts as stuck: gateway_weight of every VIP applies.",
     .fallback = "\"1s\"", .min = ns(200ms), .max = ns(1min), .field = at<&Node::gateway_silence>()},
    {.path = "node.gateway_kill", .kind = Kind::kDuration, .doc = "After being stuck for so long it is killed and started anew.",
     .fallback = "\"10s\"", .min = ns(1s), .max = ns(1h), .field = at<&Node::gateway_kill>()},
    {.path = "node.realtime_priority", .kind = Kind::kCount, .doc = "The real-time priority (SCHED_RR) of the part that holds the VIPs; 0 asks for none.",
     .fallback = "20", .min = 0, .max = 50, .per_node = true, .needs_restart = true, .field = at<&Node::realtime_priority>()},
};
// clang-format on

}  // namespace

std::span<const Key> keys_of_node() { return kKeys; }

void fill_in(Node& node, const file::LoadContext& context, const std::string& name) {
  node.name = name;
  if (node.shards == 0) node.shards = std::clamp<std::uint32_t>(context.shards, 1, kMostShards);
}

void check_node(const Node& node, file::ReadResult& result) {
  file::Findings found(result);
  if (node.gateway_kill >= node.gateway_silence) return;
  found.error(found.at("node.gateway_kill"), "gateway_kill is shorter than gateway_silence",
              "it would be killed before it counts as stuck", "make gateway_kill the longer one");
}

}  // namespace hf::config::section
