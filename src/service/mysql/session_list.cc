#include "service/mysql/session_list.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/wall_clock.h"
#include "service/mysql/session.h"
#include "service/mysql/shard_state.h"
#include "service/shard.h"

namespace hf::service::mysql {

namespace tie = policy::session::tie;
using policy::session::HoldReason;
using policy::session::PinReason;

namespace {

/// A session that may be shown: what it is ranked by, and where to find it again.
struct Candidate {
  Grip grip = Grip::kRunning;
  TimePoint since;
  std::size_t service = 0;
  std::uint32_t id = 0;
};

const Connection* connection_of(const Session& session) {
  return session.kept().held != nullptr ? session.kept().held.get() : session.at_work().connection;
}

/// Nothing: it has no connection and needs none.
std::optional<Candidate> candidate_of(const Session& session) {
  const Holdings& kept = session.kept();
  if (kept.pin != PinReason::kNone) return Candidate{Grip::kPinned, kept.pinned_at};
  const Connection* connection = connection_of(session);
  if (connection == nullptr) return std::nullopt;
  if (kept.held != nullptr) return Candidate{kept.hard() ? Grip::kTied : Grip::kSoft, connection->lent_at};
  return Candidate{session.in_transaction() ? Grip::kTied : Grip::kRunning, connection->lent_at};
}

const HoldReason& reason_of(const Session& session) {
  const Holdings& kept = session.kept();
  if (kept.pin != PinReason::kNone) return policy::session::words_of(kept.pin);
  if (kept.held != nullptr) return policy::session::words_of_ties(kept.ties);
  // a statement has the connection
  return policy::session::words_of_ties(session.in_transaction() ? tie::kTransaction : 0);
}

class Walk {
 public:
  Walk(Shard& shard, const std::string& service, std::size_t most, std::function<void(HeldSessions)> done)
      : shard_(shard), most_(most), done_(std::move(done)) {
    for (const auto& [name, each] : shard.services()) {
      if ((service.empty() || service == name) && Frontend::of(each.get()) != nullptr) services_.push_back(name);
    }
  }

  static void go_on(const std::shared_ptr<Walk>& walk) {
    if (walk->step()) {
      walk->shard_.post([walk] { go_on(walk); });
    } else {
      walk->finish();
    }
  }

 private:
  /// False: all were looked at.
  bool step() {
    for (std::size_t looked = 0; at_ < services_.size();) {
      Frontend* frontend = Frontend::of(shard_.find(services_[at_]));
      if (frontend != nullptr) {
        const auto& sessions = frontend->state().sessions();
        auto next = sessions.upper_bound(last_);
        for (; next != sessions.end() && looked < kStep; ++next, ++looked) {
          last_ = next->first;
          consider(*next->second);
        }
        if (next != sessions.end()) return true;
      }
      ++at_;
      last_ = 0;
    }
    return false;
  }

  void consider(const Session& session) {
    std::optional<Candidate> candidate = candidate_of(session);
    if (!candidate) return;
    candidate->service = at_;
    candidate->id = session.id();
    candidates_.push_back(*candidate);
  }

  void finish() {
    const auto before = [](const Candidate& a, const Candidate& b) {
      return a.grip != b.grip ? a.grip < b.grip : a.since < b.since;
    };
    const auto shown = static_cast<std::ptrdiff_t>(std::min(most_, candidates_.size()));
    std::partial_sort(candidates_.begin(), candidates_.begin() + shown, candidates_.end(), before);
    HeldSessions out;
    out.total = candidates_.size();
    for (auto each = candidates_.begin(); each != candidates_.begin() + shown; ++each) {
      Frontend* frontend = Frontend::of(shard_.find(services_[each->service]));
      const Session* session = frontend == nullptr ? nullptr : frontend->state().find(each->id);
      const std::optional<Candidate> now = session == nullptr ? std::nullopt : candidate_of(*session);
      if (now) {
        out.shown.push_back(describe(frontend->service(), *session, *now));
      } else {
        --out.total;
      }
    }
    std::ranges::sort(out.shown, comes_before);  // some may have changed since they were looked at
    done_(std::move(out));
  }

  HeldSession describe(ServiceShard& service, const Session& session, const Candidate& now) const {
    HeldSession out;
    out.service = service.name();
    out.id = session.id();
    out.account = account_name(session.who());
    out.client = session.client_name();
    const Connection* connection = connection_of(session);
    if (connection != nullptr) out.server = session.view()->servers[connection->slot].name;
    out.grip = now.grip;
    out.reason = reason_of(session);
    out.running = session.at_work().connection != nullptr;
    out.shape = session.kept().pinned_by;
    out.since_wall_micros = runtime::wall_micros() - (shard_.loop().now() - now.since) / Micros(1);
    return out;
  }

  Shard& shard_;
  std::size_t most_;
  std::function<void(HeldSessions)> done_;
  std::vector<std::string> services_;
  std::size_t at_ = 0;      // of services_
  std::uint32_t last_ = 0;  // the id looked at last there
  std::vector<Candidate> candidates_;
};

}  // namespace

void list_sessions(Shard& shard, std::string service, std::size_t most, std::function<void(HeldSessions)> done) {
  shard.post([&shard, service = std::move(service), most, done = std::move(done)] {
    Walk::go_on(std::make_shared<Walk>(shard, service, most, done));
  });
}

}  // namespace hf::service::mysql
