// Files with one good VIP, for tests of what is wrong beside it, and what an operator is told of them.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "config/file/load_context_fake.h"
#include "config/parse.h"

namespace hf::config::section {

/// What the file "hf.toml" is told, on a FakeMachine.
inline std::string complaints(const std::string& text) {
  file::FakeMachine machine;
  const LoadResult result = load_text(text, "hf.toml", machine.context());
  EXPECT_EQ(result.ok(), result.errors.empty());
  return to_string(result);
}

/// A good VIP "db" on eth1 but for `addresses` (line 4), with lines of its own (from line 6), then more, then a tcp
/// service "web".
inline std::string on(const std::string& addresses, const std::string& keys = "", const std::string& more = "") {
  return "[[vip]]\nname = \"db\"\ninterface = \"eth1\"\naddresses = " + addresses + "\nrouter_id = 51\n" + keys + "\n" +
         more +
         "\n[[service]]\nname = \"web\"\nprotocol = \"tcp\"\nlisten = \"127.0.0.1:8080\"\n"
         "server = [{ address = \"10.0.0.1:80\" }]\n";
}
inline std::string vip(const std::string& keys, const std::string& more = "") {
  return on(R"(["198.18.0.100/24"])", keys, more);
}

struct BadFileCase {
  std::string text;
  std::string expected;  // the complaints without their last newline
};

}  // namespace hf::config::section
