// Descriptors: how many files and sockets the process may have open, and how they are shared out, in one place.
//
// The kernel gives a freed descriptor to whoever asks first, and strangers ask all the time. So what servers, the admin
// interface and the process itself may need is kept from clients: accepting pauses before it is touched.
//
// Owner: the gateway. Thread: the control thread's.
#pragma once

#include <cstddef>

#include "config/config.h"

namespace hf::app {

struct DescriptorPlan {
  std::size_t limit = 0;        // of the process
  std::size_t needed = 0;       // what the configuration may need
  std::size_t for_clients = 0;  // what clients may have of them, a TCP client two: its connection to the server is his
};

/// Where the limit is too low for all, clients get at least half of what the process itself does not need.
/// `own`: open without any service.
DescriptorPlan plan_descriptors(const config::Config& config, std::size_t limit, std::size_t own);

/// Takes what the hard limit allows. Returns the limit now in force.
std::size_t raise_descriptor_limit();

/// How many are open now.
std::size_t open_descriptors();

}  // namespace hf::app
