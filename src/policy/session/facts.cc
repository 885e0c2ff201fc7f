#include "policy/session/facts.h"

namespace hf::policy::session {

namespace {

bool same_blind(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

ByteView trimmed(ByteView text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_on(ByteView value) { return value == "1" || same_blind(value, "ON"); }

}  // namespace

bool TrackingWish::names(ByteView variable) const {
  ByteView left = system_variables;
  while (!left.empty()) {
    const std::size_t comma = left.find(',');
    const ByteView name = trimmed(left.substr(0, comma));
    if (name == "*" || same_blind(name, variable)) return true;
    if (comma == ByteView::npos) break;
    left.remove_prefix(comma + 1);
  }
  return false;
}

void TrackingWish::set(ByteView name, ByteView value) {
  if (name == "session_track_system_variables") {
    system_variables = value;
  } else if (name == "session_track_schema") {
    schema = is_on(value);
  } else if (name == "session_track_state_change") {
    state_change = is_on(value);
  } else if (name == "session_track_transaction_info") {
    transaction_info = value;
  }
}

std::string TrackingWish::assignments() const {
  return "@@session.session_track_system_variables=" + literal("", system_variables) +
         ",@@session.session_track_schema=" + (schema ? "1" : "0") +
         ",@@session.session_track_state_change=" + (state_change ? "1" : "0") +
         ",@@session.session_track_transaction_info='" + transaction_info + "'";
}

}  // namespace hf::policy::session
