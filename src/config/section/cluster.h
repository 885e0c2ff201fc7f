// [cluster]: what the nodes agree through. Nothing yet: its keys are there so that the file of a later version is
// understood.
//
// Owner: nobody (constants). Thread: any.
#pragma once

#include "config/file/forward.h"

namespace hf::config::section {

std::span<const file::Key> keys_of_cluster();

}  // namespace hf::config::section
