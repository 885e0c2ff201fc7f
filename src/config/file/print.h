// Objects that were filled from a file, as a file again.
//
// Thread: any (pure functions).
// Invariants:
//   1. Reading what print() gives fills an object that equals this one.
//   2. A default is left out, unless its key says that it matters whether it is written; so is a name that no file
//      could hold (a server that has none is called by its address).
//   3. No secret appears, only where it was read from; one that was read from nowhere is left out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/file/schema.h"

namespace hf::config::file {

/// A text in quotes, with everything escaped that TOML wants escaped. `text` is UTF-8.
std::string quoted_toml(std::string_view text);

/// A value without quotes, "" for one that is off. Only for keys of a single value.
std::string in_words(const Key& key, const ParsedValue& value);

/// A value in TOML; nullopt for one that no file could hold, as an empty text.
std::optional<std::string> in_toml(const Key& key, const ParsedValue& value);

/// `object` is of the type `schema.root()`: see print().
std::string print_object(const Schema& schema, TypeTag type, const void* object);

template <typename T>
std::string print(const Schema& schema, const T& root) {
  return print_object(schema, &kTypeTag<T>, &root);
}

}  // namespace hf::config::file
