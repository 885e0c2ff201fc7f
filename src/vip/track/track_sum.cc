#include "vip/track/track_sum.h"

#include <algorithm>

namespace hf::vip::track {
namespace {

constexpr std::size_t kLongestText = 80;
constexpr std::size_t kLongestReason = 512;

std::string_view kind_text(config::TrackKind kind) {
  switch (kind) {
    case config::TrackKind::kService: return "service ";
    case config::TrackKind::kInterface: return "interface ";
    case config::TrackKind::kScript: return "script ";
    case config::TrackKind::kProcess: return "process ";
    case config::TrackKind::kFile: break;
  }
  return "file ";
}

/// The text of a shell script, else the command with its arguments.
std::string script_text(const config::Script& script) {
  if (script.command.size() == 3 && script.command[1] == "-c") return script.command[2];
  std::string text;
  for (const std::string& word : script.command) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::int32_t bounded(std::int64_t points) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(points, -kMostPoints, kMostPoints));
}

std::string release_reason(const TrackState& state) {
  return state.track + ": " + (state.result.known ? state.result.reason : "not known yet");
}

}  // namespace

bool releases(const TrackState& state) {
  if (!state.weight.release) return false;
  return state.result.known ? state.result.bad : state.unknown == Unknown::kWaits;
}

std::int32_t points(const TrackState& state) {
  if (state.weight.release || !state.result.known || !state.result.bad) return 0;
  return bounded(std::int64_t{state.weight.points} * state.result.factor);
}

Verdict sum(const std::string& router, std::span<const TrackState> states) {
  Verdict verdict{.router = router, .points = 0, .release = false, .reason = {}};
  std::int64_t total = 0;
  for (const TrackState& state : states) {
    total += points(state);
    if (!releases(state)) continue;
    verdict.release = true;
    verdict.reason += (verdict.reason.empty() ? "" : "; ") + release_reason(state);
  }
  verdict.points = bounded(total);
  if (verdict.reason.size() > kLongestReason) verdict.reason.resize(kLongestReason);
  return verdict;
}

std::string track_text(const config::Track& track) {
  std::string text(kind_text(track.kind));
  text += track.target.empty() ? script_text(track.script) : track.target;
  if (text.size() > kLongestText) text = text.substr(0, kLongestText - 3) + "...";
  return text;
}

std::string weight_text(const config::Weight& weight) {
  return weight.release ? "release" : std::to_string(weight.points);
}

}  // namespace hf::vip::track
