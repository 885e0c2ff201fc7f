// Limits that more than one room relies on: what the configuration allows is what arrays and connection ids have room
// for.
//
// Thread: any (constants).
#pragma once

#include <cstddef>
#include <cstdint>

namespace hf {

/// Servers that one service can tell apart at a time: those of the configuration, and those that a reload has taken out
/// while something still refers to them.
inline constexpr std::size_t kMostServers = 256;

/// Threads that carry traffic. A client's connection id has this many bits for its shard.
inline constexpr std::uint32_t kShardBits = 6;
inline constexpr std::uint32_t kMostShards = std::uint32_t{1} << kShardBits;

}  // namespace hf
