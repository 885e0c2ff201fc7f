#include "policy/session/prepared_cache.h"

#include <array>
#include <functional>

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
  return true;
}

std::list<PreparedCache::Entry>::iterator PreparedCache::find_entry(const StatementMeaning& meaning) {
  const auto [first, last] = by_text_.equal_range(std::hash<std::string>{}(meaning.text));
  for (auto it = first; it != last; ++it) {
    const Entry& entry = *it->second;
    const bool same_state = entry.parsed_under == meaning.parsed_under || (entry.parsed_under != nullptr && meaning.parsed_under != nullptr &&
                                                                           same_meaning(*entry.parsed_under, *meaning.parsed_under));
    if (same_state && entry.key == meaning.text) return it->second;
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
    const Entry& oldest = entries_.back();
    gone = erase({oldest.key, oldest.parsed_under});
  }
  entries_.push_front({meaning.text, meaning.parsed_under, {id, {}, false}});
  by_text_.emplace(std::hash<std::string>{}(meaning.text), entries_.begin());
  return gone;
}

std::optional<std::uint32_t> PreparedCache::erase(const StatementMeaning& meaning) {
  const auto at = find_entry(meaning);
  if (at == entries_.end()) return std::nullopt;
  const std::uint32_t id = at->copy.id;
  const auto [first, last] = by_text_.equal_range(std::hash<std::string>{}(at->key));
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
