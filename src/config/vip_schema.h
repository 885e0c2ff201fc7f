// The keys of [[vip]] and [[notify]]: the second half of the table that schema.h describes.
//
// Owner: nobody (a constant). Thread: any. Invariants: those of schema.h; read it through schema().
#pragma once

#include <span>

#include "config/schema.h"

namespace hf::config {

std::span<const Key> vip_schema();

}  // namespace hf::config
