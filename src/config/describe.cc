#include "config/describe.h"

#include <fmt/format.h>

#include "config/file/describe.h"
#include "config/schema.h"

namespace hf::config {

namespace {

constexpr std::string_view kIntroduction = R"(# The configuration file

This page is generated: `holdfast check --print-reference > docs/config.md`.

One TOML file, the same on every node. `holdfast check` reports everything that is wrong with it at once, each as
`file:line:col: what, why, remedy`. Unknown keys are errors.

- **Durations** are a whole number and a unit in quotes: `ns`, `us`, `ms`, `s`, `m`, `h`, `d`. **Sizes**: `B`, `KiB`,
  `MiB`, `GiB`. A bare number is an error.
- **Addresses** are `host:port`; IPv6 goes in brackets: `[::1]:3306`. Listeners take addresses in numbers.
- **Virtual addresses** are `address/prefix`; other addresses of a VIP are numbers too, no resolver is asked for them.
- **Programs** are named by their whole path; their arguments are split at blanks, with quotes as in a shell, but no
  shell runs them unless a key says so. What only a shell understands (`|`, `$`, `*`, …) outside of single quotes is an
  error.
- **Lists of tables** may be written as `[[vip.track]]` tables or in a line: `track = [ { interface = "eth2" } ]`.
- **Relative paths** start in the folder of the configuration file.
- **Per node**: where the table says so, a value may be a table keyed by node name: `shards = { gw-a = 4, gw-b = 2 }`.
- **Secrets** come from a file (one newline at its end is not part of it) or from an environment variable, never from
  this file.
)";

}  // namespace

std::string render_reference() {
  return fmt::format("{}\n## Example\n\n```toml\n{}```\n{}", kIntroduction, example_file(), file::describe(schema()));
}

}  // namespace hf::config
