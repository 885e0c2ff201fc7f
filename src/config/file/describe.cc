#include "config/file/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "config/file/values.h"

namespace hf::config::file {

namespace {

/// "account" of the shape "(account)".
std::string_view noun_of(std::string_view shape) { return shape.substr(1, shape.size() - 2); }

bool is_shape(const Key& table) { return table.path.starts_with('('); }

std::string heading(const Key& table) {
  if (is_shape(table)) {
    std::string many = fmt::format("{}s", noun_of(table.path));
    many.front() = static_cast<char>(many.front() - 'a' + 'A');
    return many;
  }
  if (!table.shorthand.empty()) return fmt::format("The elements of `{}`", table.path);
  return table.kind == Kind::kTableList ? fmt::format("`[[{}]]`", table.path) : fmt::format("`[{}]`", table.path);
}

std::string type_of(const Key& key) {
  std::string type = kind_in_words(key);
  if (!key.shape.empty()) {
    type = key.is_list() ? fmt::format("list of {}s", noun_of(key.shape)) : std::string(noun_of(key.shape));
  }
  const bool ranged =
      key.kind == Kind::kCount || key.kind == Kind::kDuration || key.kind == Kind::kSize || key.kind == Kind::kWeight;
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
  if (key.required && !key.group.empty()) {
    return fmt::format("one of {} is required", group_in_words(siblings, key.group));
  }
  if (key.required) return "required";
  if (!key.fallback_note.empty()) return std::string(key.fallback_note);
  if (!key.fallback.empty()) return fmt::format("`{}`", key.fallback);
  if (!key.group.empty()) return fmt::format("none; at most one of {}", group_in_words(siblings, key.group));
  return "none";
}

/// Rows are values; tables with keys of their own get a section instead, but for lists that are written as a value.
bool is_row(const Key& key) {
  if (key.kind == Kind::kLater || key.kind == Kind::kRefused) return false;
  return !key.is_table() || key.is_inline();
}

std::string render_section(const Schema& schema, const Key& table) {
  std::string out = fmt::format("\n## {}\n\n{}\n\n| key | type | default | meaning |\n|---|---|---|---|\n",
                                heading(table), table.doc);
  const std::vector<const Key*> keys = schema.children_of(&table);
  for (const Key* key : keys) {
    if (is_row(*key)) {
      out += fmt::format("| `{}` | {} | {} | {} |\n", key->leaf(), type_of(*key), default_of(*key, keys), key->doc);
    }
  }
  return out;
}

std::string render_later(const Schema& schema) {
  std::string out =
      "\n## Not available in this version\n\nThese names are reserved; using one is an error that says so.\n\n";
  for (const Key& key : schema) {
    if (key.kind == Kind::kLater) out += fmt::format("- `{}`\n", key.path);
    for (const std::string_view choice : key.later_choices) out += fmt::format("- `{} = \"{}\"`\n", key.path, choice);
  }
  return out;
}

}  // namespace

std::string describe(const Schema& schema) {
  std::string out;
  for (const Key& key : schema) {
    if (key.is_table() && key.shape.empty()) out += render_section(schema, key);
  }
  return out + render_later(schema);
}

}  // namespace hf::config::file
