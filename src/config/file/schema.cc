#include "config/file/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>

#include "base/assert.h"

namespace hf::config::file {

namespace {

/// "service.mysql" of "service.mysql.monitor"; "" at the top of the file.
std::string_view parent_of(std::string_view path) {
  return path.substr(0, path.rfind('.') == std::string_view::npos ? 0 : path.rfind('.'));
}

/// Has a header of its own, or is a name that is kept for one.
bool comes_last(const Key& key) { return key.kind == Kind::kLater || (key.is_table() && !key.is_inline()); }

}  // namespace

Schema::Schema(TypeTag root, std::initializer_list<std::span<const Key>> sections, std::span<const ForeignWord> foreign)
    : root_(root), foreign_(foreign) {
  std::vector<Key> all;
  for (const std::span<const Key> section : sections) all.insert(all.end(), section.begin(), section.end());
  add_below("", all);
  HF_CHECK(keys_.size() == all.size());
  check_types(nullptr, root);
}

void Schema::add_below(std::string_view parent, std::span<const Key> all) {
  for (const Key& key : all) {
    if (parent_of(key.path) != parent) continue;
    keys_.push_back(key);
    if (key.is_table()) add_below(key.path, all);
  }
}

void Schema::check_types(const Key* table, TypeTag type) const {
  for (const Key* key : rows_of(table)) {
    HF_CHECK(key->field.owner == nullptr || key->field.owner == type);
    if (key->is_table()) check_types(key, key->field.fills == nullptr ? type : key->field.fills);
  }
}

const Key* Schema::find(std::string_view path) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [path](const Key& key) { return key.path == path; });
  return found == keys_.end() ? nullptr : &*found;
}

const ForeignWord* Schema::find_foreign(const Key* table, std::string_view word) const {
  const std::string_view path = table == nullptr ? std::string_view() : table->path;
  const auto found = std::find_if(foreign_.begin(), foreign_.end(),
                                  [&](const ForeignWord& each) { return each.table == path && each.word == word; });
  return found == foreign_.end() ? nullptr : &*found;
}

std::vector<const Key*> Schema::rows_of(const Key* table) const {
  std::string_view parent;
  if (table != nullptr) parent = table->shape.empty() ? table->path : table->shape;
  std::vector<const Key*> rows;
  for (const Key& key : keys_) {
    const bool is_shape = key.path.starts_with('(') && parent.empty();
    if (parent_of(key.path) == parent && !is_shape) rows.push_back(&key);
  }
  return rows;
}

std::vector<const Key*> Schema::children_of(const Key* table) const {
  const std::vector<const Key*> rows = rows_of(table);
  std::vector<const Key*> children;
  for (const bool last : {false, true}) {
    for (const Key* row : rows) {
      if (comes_last(*row) == last) children.push_back(row);
    }
  }
  return children;
}

std::string kind_in_words(const Key& key) {
  switch (key.kind) {
    case Kind::kTable: return "table";
    case Kind::kTableList: return key.shorthand.empty() ? "list of tables" : "list of texts or tables";
    case Kind::kName: return "name";
    case Kind::kText: return "text";
    case Kind::kCount: return "whole number";
    case Kind::kFlag: return "true or false";
    case Kind::kDuration: return "duration";
    case Kind::kSize: return "size";
    case Kind::kChoice: return fmt::format("one of {}", fmt::join(key.choices, ", "));
    case Kind::kServerAddress: return "host:port";
    case Kind::kListenAddress: return "address:port";
    case Kind::kSocketPath: return "socket path";
    case Kind::kPath: return "path";
    case Kind::kNetworks: return "list of networks";
    case Kind::kInterface: return "interface";
    case Kind::kIp: return "address in numbers";
    case Kind::kIps: return "list of addresses in numbers";
    case Kind::kHostAddress: return "address/prefix";
    case Kind::kNumericAddress: return "address:port in numbers";
    case Kind::kUrl: return "http URL";
    case Kind::kWeight: return "\"release\" or a whole number";
    case Kind::kCommand: return "program and arguments";
    case Kind::kNames: return "list of names";
    case Kind::kTexts: return "list of texts";
    case Kind::kSecretFile: return "path of a secret file";
    case Kind::kSecretVariable: return "name of a variable";
    case Kind::kRefused: return "refused";
    case Kind::kLater: return "not available";
  }
  return {};
}

}  // namespace hf::config::file
