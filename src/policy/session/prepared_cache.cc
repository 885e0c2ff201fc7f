#include "policy/session/prepared_cache.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace hf::policy::session {

namespace {

/// Variables that a statement is bound to when it is prepared; everything else is taken when it is executed. sql_mode
/// whole: its parse bits are bound, and a difference in the others only costs a prepare.
constexpr std::array<ByteView, 9> kBound = {"sql_mode",
                                            "character_set_client",
                                            "character_set_connection",
                                            "collation_connection",
                                            "old_mode",
                                            "system_versioning_asof",
                                            "character_set_server",
                                            "collation_server",
                                            "character_set_results"};

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

PreparedCache::Entries::iterator PreparedCache::find_entry(const StatementMeaning& meaning) {
  const auto [first, last] = by_text_.equal_range(meaning.text_hash);
  for (auto it = first; it != last; ++it) {
    const Entry& entry = *it->second;
    const SettingsPtr& under = entry.meaning.parsed_under;
    const bool same_state = under == meaning.parsed_under || (under != nullptr && meaning.parsed_under != nullptr &&
                                                              same_meaning(*under, *meaning.parsed_under));
    if (same_state && (entry.meaning.text == meaning.text || *entry.meaning.text == *meaning.text)) return it->second;
  }
  return entries_.end();
}

PreparedCache::Copy* PreparedCache::find(const StatementMeaning& meaning, Handle handle) {
  if (!with_cursor_.empty()) {
    const auto own = with_cursor_.find(handle);
    if (own != with_cursor_.end()) return &own->second.front().copy;
  }
  const auto at = find_entry(meaning);
  if (at == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, at);
  return &at->copy;
}

std::optional<std::uint32_t> PreparedCache::add(const StatementMeaning& meaning, std::uint32_t id) {
  std::optional<std::uint32_t> gone = erase(meaning);
  if (!gone) gone = make_room(meaning);
  entries_.push_front({meaning, {id, {}, 0}});
  by_text_.emplace(meaning.text_hash, entries_.begin());
  return gone;
}

std::optional<std::uint32_t> PreparedCache::erase(const StatementMeaning& meaning, Handle handle) {
  if (const auto own = with_cursor_.find(handle); own != with_cursor_.end()) {
    const std::uint32_t id = own->second.front().copy.id;
    with_cursor_.erase(own);
    return id;
  }
  const auto at = find_entry(meaning);
  if (at == entries_.end()) return std::nullopt;
  const std::uint32_t id = at->copy.id;
  forget_text(at);
  entries_.erase(at);
  return id;
}

void PreparedCache::bind(const StatementMeaning& meaning, Handle handle) {
  if (with_cursor_.contains(handle)) return;
  const auto at = find_entry(meaning);
  if (at == entries_.end()) return;
  forget_text(at);
  Entries& own = with_cursor_[handle];
  own.splice(own.begin(), entries_, at);
}

std::optional<std::uint32_t> PreparedCache::unbind(Handle handle) {
  const auto own = with_cursor_.find(handle);
  if (own == with_cursor_.end()) return std::nullopt;
  const Entry& entry = own->second.front();
  std::optional<std::uint32_t> gone;
  if (entry.copy.long_data > 0) {
    gone = entry.copy.id;
  } else {
    gone = make_room(entry.meaning);
    entries_.splice(entries_.begin(), own->second);
    by_text_.emplace(entry.meaning.text_hash, entries_.begin());
  }
  with_cursor_.erase(own);
  return gone;
}

void PreparedCache::forget_text(Entries::iterator at) {
  const auto [first, last] = by_text_.equal_range(at->meaning.text_hash);
  for (auto it = first; it != last; ++it) {
    if (it->second == at) {
      by_text_.erase(it);
      return;
    }
  }
}

std::optional<std::uint32_t> PreparedCache::make_room(const StatementMeaning& meaning) {
  const auto is_large = [](const Entry& entry) { return entry.meaning.text->size() > kLargeText; };
  auto drop = entries_.end();
  if (meaning.text->size() > kLargeText &&
      static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), is_large)) >= kMostLarge) {
    drop = std::prev(std::find_if(entries_.rbegin(), entries_.rend(), is_large).base());
  } else if (entries_.size() >= kMost) {
    drop = std::prev(entries_.end());
  }
  if (drop == entries_.end()) return std::nullopt;
  const std::uint32_t id = drop->copy.id;
  forget_text(drop);
  entries_.erase(drop);
  return id;
}

std::vector<std::uint32_t> PreparedCache::take_idle() {
  std::vector<std::uint32_t> ids;
  for (const Entry& entry : entries_) ids.push_back(entry.copy.id);
  by_text_.clear();
  entries_.clear();
  return ids;
}

void PreparedCache::clear() {
  by_text_.clear();
  entries_.clear();
  with_cursor_.clear();
}

}  // namespace hf::policy::session
