#include "policy/session/settings.h"

#include <algorithm>
#include <charconv>
#include <array>
#include <functional>

#include "policy/sql/byte_classes.h"

namespace hf::policy::session {

namespace {

bool is_number(ByteView value) {
  const std::size_t start = !value.empty() && value[0] == '-' ? 1 : 0;
  bool digits = false;
  bool point = false;
  for (std::size_t i = start; i < value.size(); ++i) {
    if (value[i] >= '0' && value[i] <= '9') {
      digits = true;
    } else if (value[i] == '.' && !point) {
      point = true;
    } else {
      return false;
    }
  }
  return digits;
}

bool is_plain(ByteView value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < 0x7F && c != '\\'; });
}

constexpr int kNamesRank = 7;

/// A character set variable: set after all others, and in this order, because one sets the other.
int charset_rank(ByteView name) {
  if (name == "character_set_client") return 1;
  if (name == "character_set_results") return 2;
  if (name == "character_set_connection") return 3;
  if (name == "collation_connection") return 4;
  if (name == "character_set_server") return 5;
  if (name == "collation_server") return 6;
  if (name == kNamesCollation) return kNamesRank;
  return 0;
}

/// The value of collation_database behind a reset: what a server takes for it, whatever it is.
constexpr ByteView kGlobalCollation = "@@global.collation_database";

/// USE sets it, unseen.
bool is_of_schema(ByteView name) { return name == "collation_database" || name == "character_set_database"; }

bool is_system_schema(ByteView name) {
  constexpr std::array<ByteView, 4> kNames = {"information_schema", "mysql", "performance_schema", "sys"};
  return std::any_of(kNames.begin(), kNames.end(), [name](ByteView each) { return sql::equals_blind(name, each); });
}

auto find_name(const Settings::Variables& variables, ByteView name) {
  return std::lower_bound(variables.begin(), variables.end(), name,
                          [](const auto& entry, ByteView wanted) { return entry.first < wanted; });
}

/// Where it is, by either of its names; the end when it is not.
auto find_variable(const Settings::Variables& variables, ByteView name) {
  const auto at = find_name(variables, name);
  if (at != variables.end() && at->first == name) return at;
  const ByteView other = other_name(name);
  if (other.empty()) return variables.end();
  const auto there = find_name(variables, other);
  return there != variables.end() && there->first == other ? there : variables.end();
}

bool differs(const Settings* from, const Settings& to, ByteView name) {
  const bool had = from != nullptr && from->has_variable(name);
  return had != to.has_variable(name) || (had && from->variable(name) != to.variable(name));
}

/// Variables that others set: behind those, and with them, though they do not differ.
std::vector<ByteView> followers_to_set(const Settings* from, const Settings& to) {
  std::vector<ByteView> names;
  for (const Follower& each : followers()) {
    const bool known = to.has_variable(each.name) || (from != nullptr && from->has_variable(each.name));
    const bool set = differs(from, to, each.name) || differs(from, to, each.setter);
    if (known && set && (names.empty() || names.back() != each.name)) names.push_back(each.name);
  }
  return names;
}

}  // namespace

Settings::Settings(std::string schema, Variables variables)
    : schema_(std::move(schema)), variables_(std::move(variables)) {
  std::sort(variables_.begin(), variables_.end());
  for (const Alias& alias : aliases()) {
    const auto kept = find_name(variables_, alias.name);
    const bool both = kept != variables_.cend() && kept->first == alias.name;
    if (both) std::erase_if(variables_, [&](const auto& entry) { return entry.first == alias.other; });
  }
  for (const auto& [name, value] : variables_) note_reading(name, value);
  reading_.in_system_schema = is_system_schema(schema_);
}

void Settings::note_reading(ByteView name, ByteView value) {
  if (name == "character_set_client") {
    reading_.charset = value.empty() ? sql::Charset::kUnsafe : sql::charset_from_name(value);
  }
  if (name == "sql_mode") reading_.ignore_space = value.find("IGNORE_SPACE") != ByteView::npos;
  if (name == "sql_auto_is_null") reading_.null_is_last_id = value == "ON";
  if (name == "wait_timeout") std::from_chars(value.data(), value.data() + value.size(), reading_.wait_timeout);
  if (name == "sql_select_limit") reading_.limits_selects = value != "18446744073709551615";
}

ByteView Settings::variable(ByteView name) const {
  const auto at = find_variable(variables_, name);
  return at != variables_.end() ? ByteView(at->second) : ByteView();
}

bool Settings::has_variable(ByteView name) const { return find_variable(variables_, name) != variables_.end(); }

void Settings::set_schema(ByteView schema) {
  schema_ = schema;
  reading_.in_system_schema = is_system_schema(schema);
  std::erase_if(variables_, [](const auto& entry) { return is_of_schema(entry.first); });
}

void Settings::lose_schema_charset() {
  if (!schema_.empty()) set_variable("collation_database", kGlobalCollation);
}

bool Settings::has_schema_charset() const {
  return std::any_of(variables_.begin(), variables_.end(), [](const auto& entry) { return is_of_schema(entry.first); });
}

void Settings::set_variable(ByteView name, ByteView value) {
  const bool results_change = name == "character_set_results" && variable(name) != value;
  const bool gone = name == kNamesCollation && value.empty();
  if (results_change || gone) {
    std::erase_if(variables_, [](const auto& entry) { return entry.first == kNamesCollation; });
  }
  if (gone) return;
  note_reading(name, value);
  const auto known = find_variable(variables_, name);
  if (known == variables_.cend()) {
    variables_.emplace(find_name(variables_, name), std::string(name), std::string(value));
  } else {
    variables_[static_cast<std::size_t>(known - variables_.cbegin())].second = value;
  }
}

std::size_t Settings::hash() const {
  std::size_t sum = std::hash<std::string>{}(schema_);
  for (const auto& [name, value] : variables_) {
    sum = sum * 1099511628211ULL + std::hash<std::string>{}(name);
    sum = sum * 1099511628211ULL + std::hash<std::string>{}(value);
  }
  return sum;
}

bool same(const SettingsPtr& a, const SettingsPtr& b) {
  if (a == nullptr || b == nullptr) return false;
  return a == b || *a == *b;
}

std::string literal(ByteView name, ByteView value) {
  if (value.empty() && (name == "character_set_results" || name == "default_tmp_storage_engine")) return "NULL";
  // the server's word for "not set", no time
  if (name == "system_versioning_asof" && value == "DEFAULT") return "DEFAULT";
  if (value == kGlobalCollation) return std::string(value);
  if (is_number(value)) return std::string(value);
  if (!is_plain(value)) {  // what a backslash or a high byte means depends on the session: hexadecimal does not
    constexpr char kHex[] = "0123456789abcdef";
    std::string hex = "x'";
    for (const char c : value) {
      hex += kHex[static_cast<unsigned char>(c) >> 4];
      hex += kHex[static_cast<unsigned char>(c) & 15];
    }
    return hex + "'";
  }
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + "'";
}

std::string set_statement(const Settings* from, const Settings& to, ByteView more) {
  std::string text(more);
  const auto add = [&text](ByteView name, const std::string& value) {
    if (!text.empty()) text += ',';
    text += "@@session.";
    text += name;
    text += '=';
    text += value;
  };
  std::vector<std::pair<int, const std::pair<std::string, std::string>*>> charsets;
  bool charset_differs = from == nullptr;
  for (const auto& entry : to.variables()) {
    const int rank = charset_rank(entry.first);
    const bool other = differs(from, to, entry.first);
    if (rank > 0) {
      charsets.emplace_back(rank, &entry);
      charset_differs = charset_differs || other;
    } else if (other && !is_follower(entry.first)) {
      add(entry.first, literal(entry.first, entry.second));
    }
  }
  if (from != nullptr) {
    for (const auto& [name, value] : from->variables()) {
      if (to.has_variable(name) || is_follower(name)) continue;
      const bool entered_anew = is_of_schema(name) && !to.schema().empty();
      if (name != kNamesCollation && !entered_anew) add(name, "DEFAULT");
      charset_differs = charset_differs || charset_rank(name) > 0;
    }
  }
  for (const ByteView name : followers_to_set(from, to)) {
    add(name, to.has_variable(name) ? literal(name, to.variable(name)) : "DEFAULT");
  }
  if (charset_differs) {  // all of them: setting one changes another
    std::sort(charsets.begin(), charsets.end());
    const bool by_names = to.has_variable(kNamesCollation);
    bool all_by_names = by_names;
    if (by_names) {
      const ByteView results = to.variable("character_set_results");
      if (!text.empty()) text += ',';
      text += "NAMES " + literal({}, results) + " COLLATE " + literal({}, to.variable(kNamesCollation));
      all_by_names = to.variable("character_set_client") == results &&
                     to.variable("character_set_connection") == results &&
                     to.variable("collation_connection") == to.variable(kNamesCollation);
    }
    for (const auto& [rank, entry] : charsets) {
      const bool named = rank <= 4 && (all_by_names || (by_names && entry->first == "character_set_results"));
      if (rank != kNamesRank && !named) add(entry->first, literal(entry->first, entry->second));
    }
  }
  return text.empty() ? text : "SET " + text;
}

SettingsPtr SettingsTable::intern(Settings settings) {
  const std::size_t hash = settings.hash();
  const auto [first, last] = known_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (*it->second == settings) return it->second;
  }
  if (known_.size() >= kMost) {
    known_.clear();
    by_base_.clear();
  }
  return known_.emplace(hash, std::make_shared<const Settings>(std::move(settings)))->second;
}

SettingsPtr SettingsTable::in_schema(const SettingsPtr& base, ByteView schema) {
  const auto of_base = by_base_.find(base.get());
  if (of_base != by_base_.end()) {
    const auto known = of_base->second.settings.find(schema);
    if (known != of_base->second.settings.end()) return known->second;
  }
  Settings settings = *base;
  settings.set_schema(schema);
  SettingsPtr there = intern(std::move(settings));
  Schemas& schemas = by_base_[base.get()];
  schemas.base = base;
  schemas.settings.emplace(schema, there);
  return there;
}

SettingsPtr SettingsTable::reset_in_schema(const SettingsPtr& base, ByteView schema) {
  Settings settings = *in_schema(base, schema);
  settings.lose_schema_charset();
  return intern(std::move(settings));
}

}  // namespace hf::policy::session
