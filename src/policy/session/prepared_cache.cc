#include "policy/session/prepared_cache.h"

#include <array>

namespace hf::policy::session {

namespace {

/// Variables that a statement is bound to when it is prepared; everything else is taken when it is executed. sql_mode whole: its parse
/// bits are bound, and a difference in the others only costs a prepare.
constexpr std::array<ByteView, 9> kBound = {"sql_mode", "character_set_client", "character_set_connection", "collation_connection", "old_mode",
                                            "system_versioning_asof", "character_set_server", "collation_server", "character_set_results"};

}  // namespace

bool same_meaning(const Settings& a, const Settings& b) {
  if (a.schema() != b.schema()) return false;
  for (const ByteView name : kBound) {
    if (a.variable(name) != b.variable(name)) return false;
  }
  // The same words are another point of time in another time zone.
  const ByteView point = a.variable("system_versioning_asof");
  return point.empty() || point == "DEFAULT" || a.variable("time_zone") == b.variable("time_zone");
}

std::list<PreparedCache::Entry>::iterator PreparedCache::find_entry(const StatementMeaning& meaning) {
  const auto [first, last] = by_text_.equal_range(meaning.text_hash);
  for (auto it = first; it != last; ++it) {
    const Entry& entry = *it->second;
    const SettingsPtr& under = entry.meaning.parsed_under;
    const bool same_state = under == meaning.parsed_under ||
                            (under != nullptr && meaning.parsed_under != nullptr && same_meaning(*under, *meaning.parsed_under));
    if (same_state && entry.meaning.text == meaning.text) return it->second;
  }
  return entries_.end();
}

PreparedCache::Copy* PreparedCache::find(const StatementMeaning& meaning) {
  const auto at = find_entry(meaning);
  if (at == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, at);
  return &at->copy;
}

std::optional<std::uint32_t> PreparedCache::add(const StatementMeaning& meaning, std::uint32_t id) {
  std::optional<std::uint32_t> gone = erase(meaning);
  if (!gone && entries_.size() >= kMost) {
    const StatementMeaning oldest = entries_.back().meaning;
    gone = erase(oldest);
  }
  entries_.push_front({meaning, {id, {}, false}});
  by_text_.emplace(meaning.text_hash, entries_.begin());
  return gone;
}

std::optional<std::uint32_t> PreparedCache::erase(const StatementMeaning& meaning) {
  const auto at = find_entry(meaning);
  if (at == entries_.end()) return std::nullopt;
  const std::uint32_t id = at->copy.id;
  const auto [first, last] = by_text_.equal_range(at->meaning.text_hash);
  for (auto it = first; it != last; ++it) {
    if (it->second == at) {
      by_text_.erase(it);
      break;
    }
  }
  entries_.erase(at);
  return id;
}

void PreparedCache::clear() {
  by_text_.clear();
  entries_.clear();
}

}  // namespace hf::policy::session
