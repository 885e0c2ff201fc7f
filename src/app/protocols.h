// Protocols: the one table of what each protocol brings to a service. Elsewhere nothing but the configuration's sections and the
// protocols' own rooms asks which one a service speaks.
#pragma once

#include <cstdint>

#include "config/config.h"
#include "service/frontend.h"

namespace hf::app {

struct Protocol {
  const char* name;  // as in the configuration
  std::uint32_t descriptors_per_client;
  service::FrontendMaker (*frontends)();  // for one service
};

const Protocol& protocol_of(const config::Service& service);

}  // namespace hf::app
