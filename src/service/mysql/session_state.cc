#include "service/mysql/session_state.h"

#include <algorithm>
#include <array>

namespace hf::service::mysql {

namespace {

/// Variables that say something about a moment, or about tracking itself; they are not state to be replayed.
constexpr std::array<ByteView, 4> kNotState = {"last_gtid", "session_track_schema", "session_track_state_change",
                                               "session_track_transaction_info"};
/// Variables that a session may set but that make sense on its own connection only.
constexpr std::array<ByteView, 12> kNotReplayable = {
    "timestamp", "last_insert_id", "insert_id", "identity", "rand_seed1", "rand_seed2",
    "sql_log_bin", "gtid_domain_id", "gtid_seq_no", "server_id", "pseudo_thread_id", "skip_replication"};

bool is_number(ByteView value) {
  if (value.empty()) return false;
  std::size_t i = value[0] == '-' ? 1 : 0;
  bool digits = false;
  bool point = false;
  for (; i < value.size(); ++i) {
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

std::string literal(ByteView name, ByteView value) {
  if (value.empty() && name.starts_with("character_set_")) return "NULL";
  if (is_number(value)) return std::string(value);
  if (value.find('\\') != ByteView::npos) {  // whether a backslash escapes depends on sql_mode: hexadecimal does not
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

void append_field(std::string& out, ByteView field) {
  out += std::to_string(field.size());
  out += ':';
  out += field;
}

}  // namespace

void SessionState::set_schema(ByteView schema) { schema_ = schema; }

void SessionState::set_names(ByteView statement) {
  names_ = statement;
  std::erase_if(variables_, [](const auto& entry) {
    return entry.first == "character_set_client" || entry.first == "character_set_connection" ||
           entry.first == "character_set_results" || entry.first == "collation_connection";
  });
}

bool SessionState::set_variable(ByteView name, ByteView value) {
  if (std::find(kNotState.begin(), kNotState.end(), name) != kNotState.end()) return true;
  if (name == "session_track_system_variables") return value == "*";
  if (std::find(kNotReplayable.begin(), kNotReplayable.end(), name) != kNotReplayable.end()) return false;
  const auto at = std::lower_bound(variables_.begin(), variables_.end(), name,
                                   [](const auto& entry, ByteView wanted) { return entry.first < wanted; });
  if (at != variables_.end() && at->first == name) {
    at->second = value;
  } else {
    variables_.emplace(at, std::string(name), std::string(value));
  }
  return true;
}

ByteView SessionState::variable(ByteView name) const {
  for (const auto& [known, value] : variables_) {
    if (known == name) return value;
  }
  return {};
}

bool SessionState::autocommit() const { return variable("autocommit") != "OFF"; }

void SessionState::clear() {
  schema_.clear();
  names_.clear();
  variables_.clear();
}

std::string SessionState::variables_fingerprint() const {
  std::string text;
  append_field(text, names_);
  for (const auto& [name, value] : variables_) {
    append_field(text, name);
    append_field(text, value);
  }
  return text;
}

std::string SessionState::fingerprint() const {
  std::string text;
  append_field(text, schema_);
  return text + variables_fingerprint();
}

std::vector<std::string> SessionState::replay() const {
  std::vector<std::string> statements;
  statements.emplace_back(kTrackingStatement);
  for (const auto& [name, value] : variables_) {
    if (name.starts_with("character_set_") || name == "collation_connection") continue;
    statements.back() += ",@@session." + name + "=" + literal(name, value);
  }
  if (!names_.empty()) statements.push_back(names_);
  std::string charset;
  for (const auto& [name, value] : variables_) {
    if (!name.starts_with("character_set_") && name != "collation_connection") continue;
    charset += charset.empty() ? "SET " : ",";
    charset += "@@session." + name + "=" + literal(name, value);
  }
  if (!charset.empty()) statements.push_back(std::move(charset));
  return statements;
}

std::uint32_t StateTable::intern(const SessionState& state) {
  std::string text = state.fingerprint();
  const auto known = numbers_.find(text);
  if (known != numbers_.end()) return known->second;
  if (numbers_.size() >= kMost) {
    numbers_.clear();
    entries_.clear();
  }
  const std::uint32_t number = next_++;
  numbers_.emplace(std::move(text), number);
  entries_.emplace(number, Entry{state.schema(), state.variables_fingerprint()});
  return number;
}

const StateTable::Entry* StateTable::find(std::uint32_t number) const {
  const auto it = entries_.find(number);
  return it == entries_.end() ? nullptr : &it->second;
}

}  // namespace hf::service::mysql
