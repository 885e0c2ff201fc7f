#include "policy/replica_set/gtid.h"

#include <algorithm>
#include <charconv>

namespace hf::policy::replica_set {
namespace {

template <typename Integer>
bool take_number(std::string_view& text, Integer& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
}

}  // namespace

std::optional<GtidPosition> GtidPosition::parse(std::string_view text) {
  GtidPosition position;
  skip_blanks(text);
  while (!text.empty()) {
    Gtid gtid;
    if (!take_number(text, gtid.domain) || !take(text, '-') || !take_number(text, gtid.server) || !take(text, '-') ||
        !take_number(text, gtid.sequence) || position.gtids_.size() == kMaxDomains) {
      return std::nullopt;
    }
    const auto place = std::ranges::lower_bound(position.gtids_, gtid.domain, {}, &Gtid::domain);
    if (place == position.gtids_.end() || place->domain != gtid.domain) {
      position.gtids_.insert(place, gtid);
    } else if (place->sequence < gtid.sequence) {
      *place = gtid;
    }
    skip_blanks(text);
    if (text.empty()) break;
    if (!take(text, ',')) return std::nullopt;
    skip_blanks(text);
    if (text.empty()) return std::nullopt;
  }
  return position;
}

bool GtidPosition::contains(const GtidPosition& other) const {
  return std::ranges::all_of(other.gtids_, [this](const Gtid& wanted) {
    const auto place = std::ranges::lower_bound(gtids_, wanted.domain, {}, &Gtid::domain);
    return place != gtids_.end() && place->domain == wanted.domain && place->sequence >= wanted.sequence;
  });
}

}  // namespace hf::policy::replica_set
