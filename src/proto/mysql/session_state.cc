#include "proto/mysql/session_state.h"

#include <set>
#include <tuple>

namespace hf::proto::mysql {

namespace {

Error malformed() { return Error{ErrorCode::kProtocol, "malformed session state in an OK packet"}; }

/// MariaDB writes the state-change flag bare ("1"), MySQL as a string inside the entry (0x01 "1").
ByteView state_change_value(ByteView entry) {
  return entry.size() == 2 && entry[0] == '\x01' ? entry.substr(1) : entry;
}

}  // namespace

Result<std::optional<SessionStateEntry>> SessionStateReader::next() {
  for (;;) {
    if (!variables_.at_end()) {
      SessionStateEntry change{.type = SessionChange::kSystemVariable, .raw_type = 0, .name = {}, .value = {}};
      change.name = variables_.lenenc_string();
      change.value = variables_.lenenc_string();
      if (!variables_.ok()) return malformed();
      return std::optional(change);
    }
    if (entries_.at_end()) return std::optional<SessionStateEntry>();
    SessionStateEntry change;
    change.raw_type = entries_.u8();
    const ByteView entry = entries_.lenenc_string();
    if (!entries_.ok()) return malformed();
    Reader inner(entry);
    switch (change.raw_type) {
      case 0: variables_ = inner; continue;
      case 2:
        change.type = SessionChange::kStateChange;
        change.value = state_change_value(entry);
        return std::optional(change);
      case 3:
        inner.skip(1);  // encoding of the text, always 0
        [[fallthrough]];
      case 1:
      case 4:
      case 5:
        change.type = static_cast<SessionChange>(change.raw_type);
        change.value = inner.lenenc_string();
        if (!inner.ok()) return malformed();
        return std::optional(change);
      default: change.value = entry; return std::optional(change);
    }
  }
}

void append_session_change(std::string& session_state, const SessionStateEntry& change) {
  std::string entry;
  switch (change.type) {
    case SessionChange::kSystemVariable:
      append_lenenc_string(entry, change.name);
      append_lenenc_string(entry, change.value);
      break;
    case SessionChange::kGtids:
      append_le(entry, 0, 1);
      append_lenenc_string(entry, change.value);
      break;
    case SessionChange::kSchema:
    case SessionChange::kTransactionCharacteristics:
    case SessionChange::kTransactionState: append_lenenc_string(entry, change.value); break;
    case SessionChange::kStateChange:
    case SessionChange::kOther: entry = change.value; break;
  }
  const bool known = change.type != SessionChange::kOther;
  append_le(session_state, known ? static_cast<std::uint8_t>(change.type) : change.raw_type, 1);
  append_lenenc_string(session_state, entry);
}

namespace {

/// Calls `take` with each change, up to the first malformed one.
template <typename Take>
void each_change(ByteView session_state, Take take) {
  SessionStateReader reader(session_state);
  for (Result<std::optional<SessionStateEntry>> next = reader.next(); next.ok() && *next; next = reader.next()) {
    take(**next);
  }
}

}  // namespace

std::string merged_session_changes(ByteView earlier, ByteView later) {
  std::set<std::tuple<SessionChange, std::uint8_t, ByteView>> again;
  each_change(later,
              [&](const SessionStateEntry& change) { again.emplace(change.type, change.raw_type, change.name); });
  std::string merged;
  each_change(earlier, [&](const SessionStateEntry& change) {
    if (!again.contains({change.type, change.raw_type, change.name})) append_session_change(merged, change);
  });
  merged += later;
  return merged;
}

}  // namespace hf::proto::mysql
