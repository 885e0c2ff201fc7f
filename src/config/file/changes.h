// What differs between two objects that were filled from files: named by the keys of the schema.
//
// Owner: the caller. Thread: any (pure functions).
// Invariants:
//   1. A key is named once, as it is written below the table: "check.interval". A list, an account and a secret count
//      as one.
//   2. No secret appears.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "config/file/schema.h"

namespace hf::config::file {

/// Identities in the order of the file (removed: the old one's).
struct NamesDiff {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<std::string> changed;
  bool empty() const { return added.empty() && removed.empty() && changed.empty(); }
};

/// Compares two lists by identity. `identity` names an element, `same` tells whether two of one identity are equal.
template <typename T, typename Identity, typename Same>
NamesDiff diff_names(const std::vector<T>& before, const std::vector<T>& after, Identity identity, Same same) {
  const auto find = [&](const std::vector<T>& list, const std::string& id) {
    return std::find_if(list.begin(), list.end(), [&](const T& item) { return identity(item) == id; });
  };
  NamesDiff names;
  for (const T& now : after) {
    const auto old = find(before, identity(now));
    if (old == before.end()) {
      names.added.push_back(identity(now));
    } else if (!same(*old, now)) {
      names.changed.push_back(identity(now));
    }
  }
  for (const T& old : before) {
    if (find(after, identity(old)) == after.end()) names.removed.push_back(identity(old));
  }
  return names;
}

/// Two objects of the type that the table fills.
struct Pair {
  const Key* table;
  const void* before;
  const void* after;
};

template <typename T>
Pair pair_of(const Schema& schema, std::string_view table, const T& before, const T& after) {
  const Key* key = schema.find(table);
  HF_CHECK(key != nullptr && key->field.fills == &kTypeTag<T>);
  return {key, &before, &after};
}

/// The keys that a reload applies and that differ, in the order of their rows. Lists whose elements have an identity
/// are not looked at.
std::vector<std::string> changed_keys(const Schema& schema, const Pair& pair);

/// The keys that need a restart and differ, with their whole path: "node.shards changed from 2 to 4".
std::vector<std::string> changes_for_restart(const Schema& schema, const Pair& pair);

}  // namespace hf::config::file
