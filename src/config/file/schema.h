// All keys of a file: the tables of its sections as one, and the way from a table to its keys.
//
// Owner: a constant of the room that knows the sections. Thread: any.
// Invariants:
//   1. A key's parent stands before it, and what is below a table follows it at once, in the order of the rows.
//   2. The fields below a table belong to the type that the table fills: building a schema where they do not ends the
//      process.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "config/file/foreign_word.h"
#include "config/file/key.h"

namespace hf::config::file {

class Schema {
 public:
  /// `root` is the type that the keys at the top of the file belong to. The sections may stand in any order. `foreign`
  /// outlives the schema.
  Schema(TypeTag root, std::initializer_list<std::span<const Key>> sections, std::span<const ForeignWord> foreign = {});

  TypeTag root() const { return root_; }
  std::vector<Key>::const_iterator begin() const { return keys_.begin(); }
  std::vector<Key>::const_iterator end() const { return keys_.end(); }

  /// nullptr where there is none.
  const Key* find(std::string_view path) const;
  /// What the word is in this table (nullptr: the file); nullptr where it is nobody's.
  const ForeignWord* find_foreign(const Key* table, std::string_view word) const;

  /// The keys directly below a table (nullptr: the file) in the order of their rows, following the table's shape.
  std::vector<const Key*> rows_of(const Key* table) const;
  /// The same as a file and the reference have them: values first, then what has a header of its own.
  std::vector<const Key*> children_of(const Key* table) const;

 private:
  void add_below(std::string_view parent, std::span<const Key> all);
  void check_types(const Key* table, TypeTag type) const;

  TypeTag root_;
  std::vector<Key> keys_;
  std::span<const ForeignWord> foreign_;
};

}  // namespace hf::config::file
