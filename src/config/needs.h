// What a configuration asks for that a gateway which has given root up cannot do itself: a guardian beside it does.
//
// Thread: any (pure functions).
#pragma once

#include "config/config.h"

namespace hf::config {

struct Needs {
  bool addresses = false;  // a [[vip]]
  bool low_ports = false;  // a listener below 1024
  bool programs = false;   // of a VIP, or a [[notify]]
  bool any() const { return addresses || low_ports || programs; }
};

Needs needs_of(const Config& config);

}  // namespace hf::config
