#include "service/held_sessions.h"

#include <algorithm>
#include <iterator>

namespace hf::service {

void HeldSessions::take(HeldSessions others, std::size_t most) {
  total += others.total;
  std::vector<HeldSession> merged;
  merged.reserve(shown.size() + others.shown.size());
  std::merge(std::move_iterator(shown.begin()), std::move_iterator(shown.end()),
             std::move_iterator(others.shown.begin()), std::move_iterator(others.shown.end()),
             std::back_inserter(merged), comes_before);
  if (merged.size() > most) merged.resize(most);
  shown = std::move(merged);
}

}  // namespace hf::service
