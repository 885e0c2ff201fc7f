#include "config/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "config/schema.h"
#include "config/values.h"

namespace hf::config {

namespace {

constexpr std::string_view kIntroduction = R"(# The configuration file

This page is generated: `holdfast check --print-reference > docs/config.md`.

One TOML file, the same on every node. `holdfast check` reports everything that is wrong with it at once, each as
`file:line:col: what, why, remedy`. Unknown keys are errors.

- **Durations** are a whole number and a unit in quotes: `ns`, `us`, `ms`, `s`, `m`, `h`, `d`. **Sizes**: `B`, `KiB`, `MiB`, `GiB`.
  A bare number is an error.
- **Addresses** are `host:port`; IPv6 goes in brackets: `[::1]:3306`. Listeners take addresses in numbers.
- **Virtual addresses** are `address/prefix`; other addresses of a VIP are numbers too, no resolver is asked for them.
- **Programs** are named by their whole path; their arguments are split at blanks, with quotes as in a shell, but no shell runs them
  unless a key says so. What only a shell understands (`|`, `$`, `*`, …) outside of single quotes is an error.
- **Lists of tables** may be written as `[[vip.track]]` tables or in a line: `track = [ { interface = "eth2" } ]`.
- **Relative paths** start in the folder of the configuration file.
- **Per node**: where the table says so, a value may be a table keyed by node name: `shards = { gw-a = 4, gw-b = 2 }`.
- **Secrets** come from a file (one newline at its end is not part of it) or from an environment variable, never from this file.
)";

std::string heading(const Key& table) {
  if (table.path == "(account)") return "Accounts";
  if (!table.shorthand.empty()) return fmt::format("The elements of `{}`", table.path);
  return table.kind == Kind::kTableList ? fmt::format("`[[{}]]`", table.path) : fmt::format("`[{}]`", table.path);
}

std::string type_of(const Key& key) {
  std::string type = kind_in_words(key);
  if (!key.shape.empty()) type = key.kind == Kind::kTableList ? "list of accounts" : "account";
  const bool ranged = key.kind == Kind::kCount || key.kind == Kind::kDuration || key.kind == Kind::kSize || key.kind == Kind::kWeight;
  if (ranged) type += ", " + range_in_words(key);
  if (key.may_be_off) type += " or \"off\"";
  if (key.per_node) type += "; per node";
  return type;
}

/// The keys of a group in one table, as "`address`, `unix`".
std::string group_in_words(const std::vector<const Key*>& keys, std::string_view group) {
  std::vector<std::string> names;
  for (const Key* key : keys) {
    if (key->group == group) names.push_back(fmt::format("`{}`", key->leaf()));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string default_of(const Key& key, const std::vector<const Key*>& siblings) {
  if (key.required && !key.group.empty()) return fmt::format("one of {} is required", group_in_words(siblings, key.group));
  if (key.required) return "required";
  if (!key.fallback_note.empty()) return std::string(key.fallback_note);
  if (!key.fallback.empty()) return fmt::format("`{}`", key.fallback);
  if (!key.group.empty()) return fmt::format("none; at most one of {}", group_in_words(siblings, key.group));
  return "none";
}

/// Rows are values; tables with keys of their own get a section instead, but for lists that are written as a value.
bool is_row(const Key& key) {
  if (key.kind == Kind::kLater || key.kind == Kind::kRefused) return false;
  return !key.is_table() || !key.shape.empty() || !key.shorthand.empty();
}

std::string render_section(const Key& table) {
  std::string out = fmt::format("\n## {}\n\n{}\n\n| key | type | default | meaning |\n|---|---|---|---|\n", heading(table), table.doc);
  const std::vector<const Key*> keys = children_of(&table);
  for (const Key* key : keys) {
    if (is_row(*key)) out += fmt::format("| `{}` | {} | {} | {} |\n", key->leaf(), type_of(*key), default_of(*key, keys), key->doc);
  }
  return out;
}

std::string render_later() {
  std::string out = "\n## Not available in this version\n\nThese names are reserved; using one is an error that says so.\n\n";
  for (const Key& key : schema()) {
    if (key.kind == Kind::kLater) out += fmt::format("- `{}`\n", key.path);
    for (const std::string_view choice : key.later_choices) out += fmt::format("- `{} = \"{}\"`\n", key.path, choice);
  }
  return out;
}

}  // namespace

std::string render_reference() {
  std::string out(kIntroduction);
  out += fmt::format("\n## Example\n\n```toml\n{}```\n", example_file());
  for (const Key& key : schema()) {
    if (key.is_table() && key.shape.empty()) out += render_section(key);
  }
  return out + render_later();
}

}  // namespace hf::config
