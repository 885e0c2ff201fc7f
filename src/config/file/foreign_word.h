// A word of another program's configuration, where its users write it first, and what it is here.
//
// Owner: nobody (constants). Thread: any.
#pragma once

#include <string_view>

namespace hf::config::file {

struct ForeignWord {
  std::string_view table;  // the path of ours that it is written in; "": the top of the file
  std::string_view word;
  std::string_view program;
  std::string_view key;   // the path of ours that does it; "": none
  std::string_view here;  // what to write, or why there is nothing to write
};

}  // namespace hf::config::file
