#include "config/file/print.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "config/file/units.h"
#include "config/file/values.h"

namespace hf::config::file {

namespace {

constexpr std::size_t kWidestList = 100;  // in one line

std::string with_prefix(const ParsedValue& value) {
  return fmt::format("{}/{}", value.ips.at(0).to_string(), value.prefix_length);
}

std::string address_in_words(const Endpoint& endpoint) {
  return endpoint.host.empty() ? std::string() : endpoint.to_string();
}

std::string choice_in_words(const Key& key, const ParsedValue& value) {
  if (!value.text.empty()) return value.text;
  return value.choice < key.choices.size() ? std::string(key.choices[value.choice]) : std::string();
}

bool is_list_of_values(Kind kind) {
  return kind == Kind::kNetworks || kind == Kind::kIps || kind == Kind::kNames || kind == Kind::kTexts;
}

/// The elements of a kind that is a list, without quotes.
std::vector<std::string> elements(const ParsedValue& value) {
  std::vector<std::string> all = value.texts;
  for (const Network& network : value.networks) all.push_back(network.text);
  for (const IpAddress& address : value.ips) all.push_back(address.to_string());
  return all;
}

std::string list_in_toml(const std::vector<std::string>& items) {
  const std::string line = fmt::format("[{}]", fmt::join(items, ", "));
  return line.size() <= kWidestList ? line : fmt::format("[\n  {},\n]", fmt::join(items, ",\n  "));
}

class Printer {
 public:
  explicit Printer(const Schema& schema) : schema_(schema) {}

  /// Values first, then what has a header of its own.
  std::string body(const Key* table, const void* object) const {
    std::string text;
    for (const auto& [leaf, value] : entries(table, object)) text += fmt::format("{} = {}\n", leaf, value);
    for (const Key* key : schema_.children_of(table)) {
      if (key->is_table() && !key->is_inline()) text += sections(*key, object);
    }
    return text;
  }

 private:
  using Entries = std::vector<std::pair<std::string_view, std::string>>;

  /// What a table holds of values, at most one of each group.
  Entries entries(const Key* table, const void* object) const {
    Entries all;
    std::set<std::string_view> groups;
    for (const Key* key : schema_.children_of(table)) {
      if (key->is_table() && !key->is_inline()) continue;
      if (!key->group.empty() && groups.contains(key->group)) continue;
      std::optional<std::string> value = value_of(*key, object);
      if (!value || (*value == key->fallback && !key->always_written)) continue;
      all.emplace_back(key->leaf(), *std::move(value));
      if (!key->group.empty()) groups.insert(key->group);
    }
    return all;
  }

  std::optional<std::string> value_of(const Key& key, const void* object) const {
    if (key.is_table()) return key.is_list() ? list_of(key, object) : inline_table(key, object);
    if (key.field.read == nullptr) return std::nullopt;
    const std::optional<ParsedValue> value = key.field.read(object);
    return value ? in_toml(key, *value) : std::nullopt;
  }

  std::optional<std::string> inline_table(const Key& key, const void* object) const {
    const std::vector<const void*> items = items_of(key, object);
    if (items.empty() || entries(&key, items.front()).empty()) return std::nullopt;
    return element(key, items.front());
  }

  std::optional<std::string> list_of(const Key& key, const void* object) const {
    std::vector<std::string> all;
    for (const void* item : items_of(key, object)) all.push_back(element(key, item));
    if (all.empty() && !key.always_written) return std::nullopt;
    return list_in_toml(all);
  }

  std::string element(const Key& key, const void* item) const {
    const Entries all = entries(&key, item);
    if (all.size() == 1 && all.front().first == key.shorthand) return all.front().second;
    std::vector<std::string> pairs;
    for (const auto& [leaf, value] : all) pairs.push_back(fmt::format("{} = {}", leaf, value));
    return fmt::format("{{ {} }}", fmt::join(pairs, ", "));
  }

  std::string sections(const Key& key, const void* object) const {
    std::string text;
    for (const void* item : items_of(key, object)) {
      const std::string inside = body(&key, item);
      if (key.is_list()) {
        text += fmt::format("\n[[{}]]\n{}", key.path, inside);
      } else if (!inside.empty()) {
        text += fmt::format("\n[{}]\n{}", key.path, inside);
      }
    }
    return text;
  }

  static std::vector<const void*> items_of(const Key& key, const void* object) {
    if (key.field.item == nullptr) return {object};
    std::vector<const void*> items;
    for (std::size_t i = 0; i < key.field.count(object); ++i) items.push_back(key.field.item(object, i));
    return items;
  }

  const Schema& schema_;
};

}  // namespace

std::string quoted_toml(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += fmt::format("\\{}", c);
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

std::string in_words(const Key& key, const ParsedValue& value) {
  switch (key.kind) {
    case Kind::kCount: return fmt::format("{}", value.number);
    case Kind::kFlag: return value.flag ? "true" : "false";
    case Kind::kDuration: return format_duration(value.duration);
    case Kind::kSize: return format_size(static_cast<std::uint64_t>(value.number));
    case Kind::kChoice: return choice_in_words(key, value);
    case Kind::kServerAddress:
    case Kind::kListenAddress:
    case Kind::kNumericAddress: return address_in_words(value.endpoint);
    case Kind::kIp: return value.ips.at(0).to_string();
    case Kind::kHostAddress: return with_prefix(value);
    case Kind::kWeight: return value.flag ? "release" : fmt::format("{}", value.number);
    case Kind::kSecretFile: return value.source.file;
    case Kind::kSecretVariable: return value.source.variable;
    default: return value.text;
  }
}

std::optional<std::string> in_toml(const Key& key, const ParsedValue& value) {
  if (is_list_of_values(key.kind)) {
    std::vector<std::string> items = elements(value);
    if (items.empty() && key.fallback.empty()) return std::nullopt;
    std::transform(items.begin(), items.end(), items.begin(), quoted_toml);
    return list_in_toml(items);
  }
  std::string words = in_words(key, value);
  const bool bare = key.kind == Kind::kCount || key.kind == Kind::kFlag || (key.kind == Kind::kWeight && !value.flag);
  if (bare) return words;
  if (words.empty() && key.may_be_off) return "\"off\"";
  if (words.empty() || (key.kind == Kind::kName && !is_name(words))) return std::nullopt;
  return quoted_toml(words);
}

std::string print_object(const Schema& schema, TypeTag type, const void* object) {
  HF_CHECK(type == schema.root());
  const std::string text = Printer(schema).body(nullptr, object);
  return text.starts_with('\n') ? text.substr(1) : text;
}

}  // namespace hf::config::file
