#include "base/event_pattern.h"

#include <algorithm>
#include <string>

namespace hf {

namespace {

constexpr std::string_view kPrefix = "HF-";
constexpr std::size_t kPlaces = 4;
constexpr char kAnyDigit = 'x';

}  // namespace

bool is_event_pattern(std::string_view text) {
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + kPlaces) return false;
  return std::ranges::all_of(text.substr(kPrefix.size()),
                             [](char c) { return c == kAnyDigit || (c >= '0' && c <= '9'); });
}

bool matches_event(std::string_view pattern, EventId id) {
  const std::string number = event_number(id);
  return is_event_pattern(pattern) && std::ranges::equal(pattern, number, [](char wanted, char there) {
           return wanted == there || wanted == kAnyDigit;
         });
}

}  // namespace hf
