// The words of keepalived and HAProxy that are no keys here: what stands for each.
//
// Owner: nobody (constants). Thread: any.
#pragma once

#include <span>

#include "config/file/foreign_word.h"

namespace hf::config::section {

std::span<const file::ForeignWord> foreign_words();

}  // namespace hf::config::section
