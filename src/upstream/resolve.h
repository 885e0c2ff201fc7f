// From a configured endpoint to an address. Names are looked up with the system's resolver, which may block: only at start and
// at a reload, on the control thread.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "net/address.h"

namespace hf::upstream {

/// kNotFound when the name has no address; the context names it.
Result<net::Address> resolve(const config::Endpoint& endpoint);

}  // namespace hf::upstream
