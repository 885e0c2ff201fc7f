#include "service/mysql/shard_state.h"

#include <utility>

#include "service/mysql/session.h"
#include "service/shard.h"

namespace hf::service::mysql {

namespace {
constexpr std::size_t kShapes = 8192;
constexpr std::size_t kMostFrail = 1024;
constexpr Nanos kCopiesPause = std::chrono::milliseconds(100);
constexpr Nanos kPinsToldEvery = 60s;
constexpr Nanos kShapesShownEvery = std::chrono::milliseconds(500);
}  // namespace

ShardState::ShardState(Shard& shard)
    : proxied_login_ended(shard.loop()), shard_id_(shard.id()), shapes_(kShapes, shard.random()) {}

std::uint64_t ShardState::pool_key(std::uint32_t account, proto::mysql::Capabilities capabilities, bool has_schema) {
  const auto [it, added] =
      keys_.try_emplace({account, capabilities, has_schema}, std::uint64_t{account} << 32 | (keys_.size() + 1));
  return it->second;
}

policy::session::SettingsPtr& ShardState::start(const upstream::mysql::SessionDefaultsPtr& defaults,
                                                std::uint16_t collation, proto::mysql::Capabilities flags) {
  if (starts_of_ != defaults) starts_.clear();
  starts_of_ = defaults;
  return starts_[{collation, flags}];
}

const CollationName* ShardState::collation(std::uint16_t id) const {
  const auto it = collations_.find(id);
  return it == collations_.end() ? nullptr : &it->second;
}

void ShardState::add_collation(std::uint16_t id, CollationName name) {
  collations_[id] = std::move(name);
  starts_.clear();
}

bool ShardState::may_close_copies(TimePoint now) {
  if (copies_closed_at_ && now - *copies_closed_at_ < kCopiesPause) return false;
  copies_closed_at_ = now;
  return true;
}

void ShardState::mark_frail(std::uint64_t shape, TimePoint until) {
  if (frail_.size() >= kMostFrail) frail_.clear();
  frail_[shape] = until;
}

bool ShardState::is_frail(std::uint64_t shape, TimePoint now) const {
  if (frail_.empty()) return false;
  const auto it = frail_.find(shape);
  return it != frail_.end() && now < it->second;
}

bool ShardState::shows_shape(upstream::ServerSlot slot, TimePoint now) {
  const auto [it, first] = shapes_shown_at_.try_emplace(slot, now);
  if (!first && now - it->second < kShapesShownEvery) return false;
  it->second = now;
  return true;
}

std::optional<std::uint64_t> ShardState::pins_to_tell(policy::session::PinReason reason, TimePoint now) {
  PinNews& news = pin_news_[static_cast<std::size_t>(reason)];
  ++news.untold;
  if (news.told_at && now - *news.told_at < kPinsToldEvery) return std::nullopt;
  news.told_at = now;
  return std::exchange(news.untold, 0);
}

std::uint32_t ShardState::enter(Session& session) {
  for (;;) {
    const std::uint32_t id = 1U << 30 | (shard_id_ & 0x3F) << 24 | (next_id_++ & 0xFFFFFF);
    if (sessions_.emplace(id, &session).second) return id;
  }
}

void ShardState::leave(std::uint32_t id) { sessions_.erase(id); }

Session* ShardState::find(std::uint32_t id) {
  const auto it = sessions_.find(id);
  return it == sessions_.end() ? nullptr : it->second;
}

void ShardState::tell_holders(upstream::ServerSlot slot) {
  for (auto& [id, session] : sessions_) session->look_at_held(slot);
}

void ShardState::ask_to_give_back(upstream::ServerSlot slot) {
  for (auto& [id, session] : sessions_) session->give_back(slot);
}

void ShardState::end_idle_sessions() {
  draining_ = true;
  for (auto& [id, session] : sessions_) session->end_when_idle();
}

}  // namespace hf::service::mysql
