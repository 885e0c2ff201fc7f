#include "vip/router/arbiters.h"

#include <algorithm>
#include <optional>

#include "runtime/timer_heap.h"
#include "vip/router/arbiter_probe.h"

namespace hf::vip::router {
namespace {

std::string name_of(const ArbiterTarget& target) {
  const std::string address = target.endpoint.address.to_string();
  const std::string host = target.endpoint.address.is_v4() ? address : "[" + address + "]";
  switch (target.kind) {
    case ArbiterKind::kArp: return "arp " + address;
    case ArbiterKind::kIcmp: return "icmp " + address;
    case ArbiterKind::kTcp: return "tcp " + host + ":" + std::to_string(target.endpoint.port);
    case ArbiterKind::kUdp: return "udp " + host + ":" + std::to_string(target.endpoint.port);
  }
  return address;
}

}  // namespace

class Arbiters::Target final : private runtime::Timer {
 public:
  Target(Arbiters& owner, std::string name) : owner_(owner), name_(std::move(name)) {}

  Result<void> start(const ArbiterTarget& target) {
    const Options& options = owner_.options_;
    auto probe = ArbiterProbe::make(
        owner_.loop_, target,
        {.interface_index = options.interface_index, .mac = options.mac, .address = options.own_address},
        [this] { answered(); });
    if (!probe.ok()) return probe.error();
    probe_ = std::move(*probe);
    owner_.loop_.arm(*this, owner_.loop_.now());
    return {};
  }
  bool reached() const { return reached_; }
  const std::string& name() const { return name_; }
  bool answered_since(TimePoint since) const { return answered_at_ && *answered_at_ >= since; }

 private:
  void on_timer() override {
    if (!asking_) return ask();
    asking_ = false;
    probe_->give_up();
    arm_next();
    unanswered_ = std::min(unanswered_ + 1, owner_.options_.settings.fall);
    if (unanswered_ == owner_.options_.settings.fall) set_reached(false);
  }
  void ask() {
    const TimePoint now = owner_.loop_.now();
    asking_ = true;
    next_ = now + owner_.options_.settings.interval;
    owner_.loop_.arm(*this, now + owner_.options_.settings.timeout);
    const Result<void> asked = probe_->ask();
    (void)asked;  // a question that could not be asked is one without an answer
  }
  void answered() {
    if (!asking_) return;
    asking_ = false;
    answered_at_ = owner_.loop_.now();
    unanswered_ = 0;
    arm_next();
    set_reached(true);
  }
  void arm_next() { owner_.loop_.arm(*this, std::max(next_, owner_.loop_.now())); }
  void set_reached(bool reached) {
    if (reached_ == reached) return;
    reached_ = reached;
    owner_.target_changed();
  }

  Arbiters& owner_;
  std::string name_;
  std::unique_ptr<ArbiterProbe> probe_;
  TimePoint next_{};
  std::optional<TimePoint> answered_at_;
  bool asking_ = false;
  bool reached_ = false;
  std::uint32_t unanswered_ = 0;
};

Result<std::unique_ptr<Arbiters>> Arbiters::open(runtime::EventLoop& loop, Options options,
                                                 std::function<void()> changed) {
  std::unique_ptr<Arbiters> out(new Arbiters(loop, std::move(options), std::move(changed)));
  for (const ArbiterTarget& target : out->options_.settings.targets) {
    out->targets_.push_back(std::make_unique<Target>(*out, name_of(target)));
    HF_RETURN_IF_ERROR(out->targets_.back()->start(target));
  }
  return out;
}

Arbiters::Arbiters(runtime::EventLoop& loop, Options options, std::function<void()> changed)
    : loop_(loop), options_(std::move(options)), changed_(std::move(changed)) {}

Arbiters::~Arbiters() = default;

void Arbiters::target_changed() {
  if (changed_) changed_();
}

policy::vrrp::Contacts Arbiters::contacts() const {
  policy::vrrp::Contacts out;
  if (!targets_.empty()) out.arbiters_needed = options_.settings.needed;
  const TimePoint since = loop_.now() - options_.settings.interval - options_.settings.timeout;
  for (const auto& target : targets_) {
    out.arbiters_reached += target->reached() ? 1 : 0;
    out.answered_lately += target->answered_since(since) ? 1 : 0;
  }
  return out;
}

std::vector<ArbiterReport> Arbiters::report() const {
  std::vector<ArbiterReport> out;
  for (const auto& target : targets_) out.push_back({.target = target->name(), .reached = target->reached()});
  return out;
}

}  // namespace hf::vip::router
