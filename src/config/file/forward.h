// The names of the mechanism that a section's header needs: it declares its keys and its rules, and knows no more of
// either.
//
// Owner: nobody (declarations). Thread: any.
#pragma once

#include <span>

namespace hf::config::file {

struct Key;
struct LoadContext;
struct ReadResult;

}  // namespace hf::config::file
