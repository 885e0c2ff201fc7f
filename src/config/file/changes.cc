#include "config/file/changes.h"

#include <fmt/format.h>

#include <utility>

#include "config/file/print.h"

namespace hf::config::file {

namespace {

bool is_secret(const Key& key) { return key.kind == Kind::kSecretFile || key.kind == Kind::kSecretVariable; }

/// Of which a change is told without saying of which key in it.
bool is_told_whole(const Key& table) { return table.told_whole || !table.shape.empty(); }

class Changes {
 public:
  explicit Changes(const Schema& schema) : schema_(schema) {}

  void compare(const Pair& pair, const std::string& prefix) {
    for (const Key* key : schema_.rows_of(pair.table)) {
      if (key->needs_restart || key->has_identity) continue;
      if (key->kind == Kind::kTable) {
        compare_table(inside(*key, pair), prefix + std::string(key->leaf()));
      } else if (key->field.same != nullptr && !key->field.same(pair.before, pair.after)) {
        add(prefix + std::string(is_secret(*key) ? key->group : key->leaf()));
      }
    }
  }

  std::vector<std::string> take() { return std::move(names_); }

 private:
  static Pair inside(const Key& table, const Pair& around) {
    if (table.field.item == nullptr) return {&table, around.before, around.after};
    return {&table, table.field.item(around.before, 0), table.field.item(around.after, 0)};
  }

  void compare_table(const Pair& pair, const std::string& name) {
    if (!is_told_whole(*pair.table)) return compare(pair, name + ".");
    Changes below(schema_);
    below.compare(pair, "");
    if (!below.take().empty()) add(name);
  }

  /// Two keys that give one secret are neighbours.
  void add(std::string name) {
    if (names_.empty() || names_.back() != name) names_.push_back(std::move(name));
  }

  const Schema& schema_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<std::string> changed_keys(const Schema& schema, const Pair& pair) {
  Changes changes(schema);
  changes.compare(pair, "");
  return changes.take();
}

std::vector<std::string> changes_for_restart(const Schema& schema, const Pair& pair) {
  const auto shown = [](const Key& key, const void* object) {
    const std::optional<ParsedValue> value = key.field.read(object);
    const std::string words = value ? in_words(key, *value) : std::string();
    return words.empty() ? std::string("off") : words;
  };
  std::vector<std::string> lines;
  for (const Key* key : schema.rows_of(pair.table)) {
    if (!key->needs_restart || key->field.same(pair.before, pair.after)) continue;
    lines.push_back(
        fmt::format("{} changed from {} to {}", key->path, shown(*key, pair.before), shown(*key, pair.after)));
  }
  return lines;
}

}  // namespace hf::config::file
