#include "config/file/reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/assert.h"
#include "config/file/secret.h"
#include "config/file/spelling.h"
#include "config/file/values.h"

namespace hf::config::file {

namespace {

using Type = Value::Type;

/// "[service.mysql]", "[[service]]", "the file": a table as the operator reads it.
std::string title(const Key* table) {
  if (table == nullptr) return "the file";
  const bool many = table->kind == Kind::kTableList && table->shorthand.empty() && table->shape.empty();
  return many ? fmt::format("[[{}]]", table->path) : fmt::format("[{}]", table->path);
}

class Reader {
 public:
  Reader(const Schema& schema, const ReadOptions& options) : schema_(schema), options_(options) {}

  ReadResult read(const Value& document, void* root) {
    read_table(nullptr, document, root, "");
    return std::move(result_);
  }

 private:
  void error(Position at, std::string what, std::string why, std::string remedy) {
    result_.errors.push_back({at, Complaint{std::move(what), std::move(why), std::move(remedy)}});
  }

  /// `object` is what the keys of the table fill, nullptr inside a value of another node. `where` names the table for
  /// places: "service[0].mysql.", empty for the file.
  void read_table(const Key* table, const Value& value, void* object, const std::string& where) {
    const std::vector<const Key*> keys = schema_.children_of(table);
    report_unknown(table, keys, value);
    for (const Key* key : keys) {
      const std::string place = where + std::string(key->leaf());
      if (const Entry* entry = value.find(key->leaf())) {
        read_key(*key, *entry, object, place);
      } else {
        read_absent(table, *key, value.at, object, place);
      }
    }
    report_groups(table, keys, value);
  }

  void report_unknown(const Key* table, const std::vector<const Key*>& keys, const Value& value) {
    std::vector<std::string_view> names;
    for (const Key* key : keys) {
      if (key->kind != Kind::kRefused) names.push_back(key->leaf());
    }
    for (const Entry& entry : value.entries) {
      const bool known =
          std::any_of(keys.begin(), keys.end(), [&](const Key* key) { return key->leaf() == entry.key; });
      if (known) continue;
      error(entry.at, fmt::format("unknown key {}", quoted(entry.key)), fmt::format("{} has no such key", title(table)),
            remedy_for_unknown(table, entry.key, names));
    }
  }

  std::string remedy_for_unknown(const Key* table, std::string_view name,
                                 const std::vector<std::string_view>& siblings) const {
    if (const ForeignWord* foreign = schema_.find_foreign(table, name)) {
      const std::string_view is = foreign->key.empty() ? "has no counterpart" : "is";
      const std::string_view between = foreign->key.empty() ? ": " : " ";
      return fmt::format("{}'s {} {}{}{}", foreign->program, name, is, between, foreign->here);
    }
    const std::string_view near = nearest(name, siblings);
    if (!near.empty()) return fmt::format("did you mean \"{}\"?", near);
    if (const Key* home = only_home_of(name)) return fmt::format("{} belongs in {}", name, title(home));
    return fmt::format("the keys are {}", fmt::join(siblings, ", "));
  }

  /// The table that a key of this name stands in, if there is just one in the whole schema.
  const Key* only_home_of(std::string_view name) const {
    const Key* home = nullptr;
    for (const Key& key : schema_) {
      const std::size_t dot = key.path.rfind('.');
      if (key.leaf() != name || dot == std::string_view::npos || key.path.starts_with('(')) continue;
      if (home != nullptr) return nullptr;
      home = schema_.find(key.path.substr(0, dot));
    }
    return home;
  }

  void read_absent(const Key* table, const Key& key, Position at, void* object, const std::string& place) {
    if (key.required && key.group.empty()) return report_missing(table, key, at);
    if (key.implicit) {
      Value empty;
      empty.at = at;
      return enter_table(key, empty, object, place);
    }
    if (!key.fallback.empty()) read_scalar(key, fallback_value(key), object);
  }

  void report_missing(const Key* table, const Key& key, Position at) {
    const bool section = key.kind == Kind::kTableList && key.shorthand.empty();
    error(at, fmt::format("{} is missing", section ? title(&key) : std::string(key.leaf())),
          fmt::format("{} needs {}", title(table), section ? "at least one" : "it"),
          section ? fmt::format("add {}", title(&key)) : fmt::format("add {} = {}", key.leaf(), sample_value(key)));
  }

  /// At most one key of a group; exactly one where the group is required.
  void report_groups(const Key* table, const std::vector<const Key*>& keys, const Value& value) {
    std::set<std::string_view> seen;
    for (const Key* key : keys) {
      if (key->group.empty() || !seen.insert(key->group).second) continue;
      std::vector<std::string_view> names;
      std::vector<const Entry*> present;
      for (const Key* other : keys) {
        if (other->group != key->group) continue;
        names.push_back(other->leaf());
        if (const Entry* entry = value.find(other->leaf())) present.push_back(entry);
      }
      const std::string either = fmt::format("{}", fmt::join(names, " or "));
      if (present.size() > 1) {
        error(present[1]->at, fmt::format("{} besides {}", present[1]->key, present[0]->key),
              fmt::format("{} takes one of {}", title(table), either), fmt::format("remove one of them"));
      } else if (present.empty() && key->required && !has_refused(keys, value)) {
        error(value.at, fmt::format("{} is missing", either), fmt::format("{} needs one of them", title(table)),
              fmt::format("add {} = {}", key->leaf(), sample_value(*key)));
      }
    }
  }

  /// A literal password draws its own complaint: no second one that password_file is missing.
  static bool has_refused(const std::vector<const Key*>& keys, const Value& value) {
    return std::any_of(keys.begin(), keys.end(), [&](const Key* key) {
      return key->kind == Kind::kRefused && value.find(key->leaf()) != nullptr;
    });
  }

  void read_key(const Key& key, const Entry& entry, void* object, const std::string& place) {
    if (key.kind == Kind::kLater) {
      return error(entry.at, fmt::format("{} is in the file", key.path), "not available in this version", "remove it");
    }
    if (key.kind == Kind::kRefused) {
      return error(entry.at, fmt::format("{} is in the clear", key.leaf()),
                   "secrets come from a file or from the environment", fmt::format("use {}", key.doc));
    }
    if (is_per_node(key, entry.value)) return read_per_node(key, entry, object, place);
    read_value(key, entry.value, object, place);
  }

  /// Tables keyed by node name. Where the value itself is a table or a list of tables, all of its values must be that
  /// too.
  static bool is_per_node(const Key& key, const Value& value) {
    if (!key.per_node || !value.is(Type::kTable)) return false;
    const bool tables_only = key.kind == Kind::kTableList && key.shorthand.empty();
    if (key.kind != Kind::kTable && !tables_only) return true;
    const Type wanted = tables_only ? Type::kList : Type::kTable;
    return !value.entries.empty() && std::all_of(value.entries.begin(), value.entries.end(),
                                                 [wanted](const Entry& entry) { return entry.value.is(wanted); });
  }

  void read_per_node(const Key& key, const Entry& entry, void* object, const std::string& place) {
    for (const Entry& node : entry.value.entries) {
      result_.per_node_names[place].emplace(node.key, node.at);
      if (object != nullptr && node.value.is(Type::kInteger)) {
        result_.per_node_numbers[place][node.key] = node.value.integer;
      }
      read_value(key, node.value, node.key == options_.node_name ? object : nullptr, place);
    }
    if (object != nullptr && entry.value.find(options_.node_name) == nullptr) {
      error(entry.at, fmt::format("{} has no value for this node", key.leaf()),
            fmt::format("this node is {} and the table is keyed by node name", quoted(options_.node_name)),
            fmt::format("add {} = {} or write one value for all nodes", options_.node_name, sample_value(key)));
    }
  }

  void read_value(const Key& key, const Value& value, void* object, const std::string& place) {
    if (object != nullptr) result_.places[place] = value.at;
    const bool is_bare =
        key.kind == Kind::kHostAddress && value.is(Type::kText) && value.text.find('/') == std::string::npos;
    if (object != nullptr && is_bare) result_.without_prefix.insert(place);
    if (key.kind == Kind::kTable) return read_section(key, value, object, place);
    if (key.kind == Kind::kTableList) return read_list(key, value, object, place);
    read_scalar(key, value, object);
  }

  void read_section(const Key& key, const Value& value, void* object, const std::string& place) {
    if (!value.is(Type::kTable)) {
      return error(value.at, fmt::format("{} is {}", key.path, value.is(Type::kList) ? "a list" : value.shown()),
                   "one table is expected", fmt::format("write [{}] or {} = {{ … }}", key.path, key.leaf()));
    }
    enter_table(key, value, object, place);
  }

  void enter_table(const Key& key, const Value& value, void* object, const std::string& place) {
    read_table(&key, value, entered(key, object), place + ".");
  }

  /// What the keys below the table fill: a list gets a new element.
  static void* entered(const Key& key, void* object) {
    return object == nullptr || key.field.enter == nullptr ? object : key.field.enter(object);
  }

  void read_list(const Key& key, const Value& value, void* object, const std::string& place) {
    const bool lone_text = value.is(Type::kText) && !key.shorthand.empty();
    if (lone_text) return read_element(key, value, object, fmt::format("{}[0]", place));
    if (value.is(Type::kList)) {
      if (value.items.empty() && key.required) {
        error(value.at, fmt::format("{} is empty", key.leaf()), "at least one is needed",
              fmt::format("write {} = {}", key.leaf(), sample_value(key)));
      }
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        read_element(key, value.items[i], object, fmt::format("{}[{}]", place, i));
      }
      return;
    }
    const std::string remedy = key.shorthand.empty() && key.shape.empty() ? fmt::format("write [[{}]]", key.path)
                                                                          : fmt::format("write {} = [ … ]", key.leaf());
    error(value.at, fmt::format("{} is {}", key.path, value.shown()), "a list is expected", remedy);
    if (value.is(Type::kTable)) read_element(key, value, object, fmt::format("{}[0]", place));
  }

  void read_element(const Key& key, const Value& item, void* object, const std::string& place) {
    if (object != nullptr) result_.places[place] = item.at;
    if (item.is(Type::kTable)) return enter_table(key, item, object, place);
    if (item.is(Type::kText) && !key.shorthand.empty()) {
      Value table;
      table.at = item.at;
      table.entries.push_back(Entry{std::string(key.shorthand), item.at, item});
      return enter_table(key, table, object, place);
    }
    entered(key, object);  // keeps the element's index, see invariant 2
    error(item.at, fmt::format("{} holds {}", key.leaf(), item.shown()), "each element is a table",
          fmt::format("write {} = {}", key.leaf(), sample_value(key)));
  }

  void read_scalar(const Key& key, const Value& value, void* object) {
    std::variant<ParsedValue, Complaint> outcome = parse_value(key, value, options_.folder);
    if (Complaint* complaint = std::get_if<Complaint>(&outcome)) {
      result_.errors.push_back({complaint->at.value_or(value.at), std::move(*complaint)});
      return;
    }
    if (object == nullptr) return;
    ParsedValue& parsed = *std::get_if<ParsedValue>(&outcome);
    if (is_secret(key) && !read_secret_of(key, value, parsed)) return;
    if (key.field.store != nullptr) key.field.store(object, parsed);
  }

  static bool is_secret(const Key& key) { return key.kind == Kind::kSecretFile || key.kind == Kind::kSecretVariable; }

  /// From where the value says into its text.
  bool read_secret_of(const Key& key, const Value& value, ParsedValue& parsed) {
    (key.kind == Kind::kSecretFile ? parsed.source.file : parsed.source.variable) = parsed.text;
    Secret secret = read_secret(key, parsed.text, options_.context);
    if (secret.warning) result_.warnings.push_back({value.at, *std::move(secret.warning)});
    if (secret.error) {
      result_.errors.push_back({value.at, *std::move(secret.error)});
      return false;
    }
    parsed.text = std::move(secret.text);
    return true;
  }

  const Schema& schema_;
  const ReadOptions& options_;
  ReadResult result_;
};

}  // namespace

ReadResult read_document(const Schema& schema, const Value& document, TypeTag type, void* root,
                         const ReadOptions& options) {
  HF_CHECK(type == schema.root());
  return Reader(schema, options).read(document, root);
}

}  // namespace hf::config::file
