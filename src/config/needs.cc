#include "config/needs.h"

#include <algorithm>
#include <cstdint>

#include "config/scripts.h"

namespace hf::config {

namespace {

constexpr std::uint16_t kFirstOrdinaryPort = 1024;

bool listens_low(const Service& service) {
  return std::any_of(service.listen.begin(), service.listen.end(), [](const Listen& listen) {
    return !listen.endpoint.is_unix() && listen.endpoint.port < kFirstOrdinaryPort;
  });
}

}  // namespace

Needs needs_of(const Config& config) {
  return {!config.vips.empty(), std::any_of(config.services.begin(), config.services.end(), listens_low),
          !all_scripts(config).empty()};
}

}  // namespace hf::config
