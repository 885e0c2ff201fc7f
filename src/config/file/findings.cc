#include "config/file/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace hf::config::file {

Position Findings::at(std::string place) const {
  while (!place.empty()) {
    const auto found = result_.places.find(place);
    if (found != result_.places.end()) return found->second;
    const std::size_t cut = place.find_last_of(".[");
    place.resize(cut == std::string::npos ? 0 : cut);
  }
  return Position{};
}

bool Findings::drew_complaint(const std::string& place) const {
  const Position position = at(place);
  return std::any_of(result_.errors.begin(), result_.errors.end(),
                     [&](const PlacedComplaint& e) { return e.at == position; });
}

void Findings::error(Position position, std::string what, std::string why, std::string remedy) {
  result_.errors.push_back({position, Complaint{std::move(what), std::move(why), std::move(remedy)}});
}

void Findings::warning(Position position, std::string what, std::string why, std::string remedy) {
  result_.warnings.push_back({position, Complaint{std::move(what), std::move(why), std::move(remedy)}});
}

void Findings::check_unique_at(const std::string& what, const std::vector<std::string>& names,
                               const std::vector<std::string>& places) {
  std::map<std::string, Position> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    const Position position = at(places[i]);
    const auto [first, is_new] = seen.emplace(names[i], position);
    if (is_new) continue;
    error(position, fmt::format("{} {} is there twice", what, quoted(names[i])),
          fmt::format("the first one is at line {}", first->second.line), "give each a name of its own");
  }
}

}  // namespace hf::config::file
