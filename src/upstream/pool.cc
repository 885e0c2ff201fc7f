#include "upstream/pool.h"

namespace hf::upstream {

Nanos PoolAges::longest_idle() const { return std::max<Nanos>(server_wait_timeout - 1s, server_wait_timeout * 4 / 5); }

Error all_in_use(const std::string& server, const Places& places) {
  const PlaceUse use = places.use();
  const std::uint32_t most = places.most();
  const std::uint32_t at_work = most - std::min(most, use.idle + use.kept);
  return Error{ErrorCode::kNoPlace, "all " + std::to_string(most) + " connections to server '" + server +
                                        "' (max_server_connections) are in use: " + std::to_string(at_work) +
                                        " at work, " + std::to_string(use.kept) +
                                        " kept by sessions between statements, " + std::to_string(use.idle) + " idle"};
}

}  // namespace hf::upstream
