#include "config/section/heartbeat.h"

#include <fmt/format.h>

#include "config/file/findings.h"
#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::at;
using file::Key;
using file::Kind;

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "vip.heartbeat.interface", .kind = Kind::kInterface, .doc = "The interface that the heartbeats go out of.", .sample = "\"eth2\"", .required = true, .per_node = true,
     .field = at<&HeartbeatPath::interface>()},
    {.path = "vip.heartbeat.peers", .kind = Kind::kIps, .doc = "The addresses of the other nodes on this way.", .sample = "[\"198.18.1.2\"]", .required = true, .per_node = true,
     .field = at<&HeartbeatPath::peers>()},
    {.path = "vip.heartbeat.port", .kind = Kind::kCount, .doc = "The UDP port.", .fallback = "694", .min = 1, .max = 65535,
     .field = at<&HeartbeatPath::port>()},
};
// clang-format on

}  // namespace

std::span<const Key> keys_of_heartbeat() { return kKeys; }

void check_heartbeats(const std::vector<HeartbeatPath>& paths, const std::string& place, file::ReadResult& result) {
  file::Findings found(result);
  const bool has_key = found.written(place + ".heartbeat_key_file") || found.written(place + ".heartbeat_key_env");
  const std::string_view key = found.written(place + ".heartbeat_key_env") ? "heartbeat_key_env" : "heartbeat_key_file";
  if (paths.empty() && has_key) {
    found.error(found.at(fmt::format("{}.{}", place, key)), fmt::format("{} without heartbeat", key),
                "only heartbeats are authenticated with it, advertisements are not",
                "add [[vip.heartbeat]] or remove it");
  } else if (!paths.empty() && !has_key) {
    found.warning(found.at(place + ".heartbeat"), "heartbeat without a key",
                  "anyone on that network can keep a backup quiet", "add heartbeat_key_file, the same on all nodes");
  }
}

}  // namespace hf::config::section
