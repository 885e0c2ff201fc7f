#include "app/roles.h"

#include <csignal>
#include <optional>
#include <utility>

#include <unistd.h>

#include "app/gateway.h"
#include "app/gateway_folders.h"
#include "app/load_context.h"
#include "app/log.h"
#include "app/order_file.h"
#include "app/privileges.h"
#include "app/runner.h"
#include "app/signals.h"
#include "app/system_call_filter.h"
#include "config/needs.h"
#include "config/parse.h"
#include "guardian/guardian.h"
#include "guardian/steward/steward.h"
#include "runtime/epoll_poller.h"
#include "vip/settings_from_config.h"

namespace hf::app {

namespace {

constexpr int kFailed = 1;

int complain(const std::string& what) {
  say("holdfast: " + what);
  return kFailed;
}

/// Tells of all that is wrong, and of what whoever runs it has no right to.
config::LoadResult load(const std::string& file) {
  config::LoadContext context = load_context();
  context.runner = present_runner();
  config::LoadResult loaded = config::load_file(file, context);
  const std::string complaints = config::to_string(loaded);
  if (!complaints.empty()) say(complaints.substr(0, complaints.size() - 1));
  return loaded;
}

/// The clock that goes on while the machine sleeps: a guardian that slept must know that its lease is over.
std::unique_ptr<runtime::Poller> guardian_poller() { return std::make_unique<runtime::EpollPoller>(CLOCK_BOOTTIME); }

int run_guardian(const std::string& file, const config::Config& config) {
  const Result<UserIds> user = find_user(config.node.user);
  if (!user.ok()) return complain(user.error().context);
  const Result<void> folders = prepare_folders(config, *user);
  if (!folders.ok()) return complain(folders.error().context);
  say_last_words();
  vip::Settings settings = vip::settings_from(config);
  Result<OrderFile::Orders> orders = OrderFile::read(OrderFile::path_in(config.node.state_dir));
  if (!orders.ok())
    (void)complain("what operators ordered of virtual addresses is forgotten: " + orders.error().context);
  const GuardianRights rights = harden_guardian(config.node.realtime_priority);
  guardian::GuardianStanding standing{rights.realtime, rights.memory_locked, {}};
  for (const Degradation& each : rights.degradations) standing.degradations.emplace_back(each.what, each.reason);
  runtime::EventLoop loop(guardian_poller());
  guardian::Guardian guardian(loop,
                              {.program = "/proc/self/exe",
                               .config_file = file,
                               .standing = std::move(standing),
                               .orders = orders.ok() ? std::move(*orders) : OrderFile::Orders{}},
                              std::move(settings));
  const SignalReader signals(loop, [&guardian](int number) {
    if (number == SIGTERM || number == SIGINT) return guardian.stop();
    guardian.forward_signal(number);
  });
  const Result<void> started = guardian.start();
  if (!started.ok()) return complain(started.error().context);
  loop.run();
  if (guardian.failure() && !guardian.failure()->empty()) (void)complain(*guardian.failure());
  std::string untold;
  for (Event event : guardian.untold_events()) {
    bound_values(event);
    untold += (untold.empty() ? "" : "\n") + render_text(event);
  }
  if (!untold.empty()) say(untold);  // in one, with one time to wait
  return guardian.failure() ? kFailed : 0;
}

/// As the user of the file, for good. The file has been read once, to learn whom to become; it is read again as that
/// user, so that a file which a reload could not read is refused now.
int serve_as_user(const std::string& file, config::ConfigPtr read_before, std::optional<GuardianSockets> guardian) {
  const Result<UserIds> user = find_user(read_before->node.user);
  if (!user.ok()) return complain(user.error().context);
  if (!guardian) {
    const Result<void> folders = prepare_folders(*read_before, *user);
    if (!folders.ok()) return complain(folders.error().context);
  }
  read_before.reset();
  const Result<void> dropped = become_gateway(*user);
  if (!dropped.ok()) return complain(dropped.error().context);
  const config::LoadResult loaded = config::load_file(file, load_context());
  if (!loaded.ok()) {
    return complain(config::to_string(loaded) + "user '" + user->name +
                    "' (node.user) must be able to read the configuration and its secrets");
  }
  const Result<void> filtered = install_system_call_filter();
  if (!filtered.ok()) return complain(filtered.error().context);
  Gateway gateway(file, loaded.config, guardian, Spawning::kRefused);
  return gateway.run();
}

int run_whole(const std::string& file) {
  config::LoadResult loaded = load(file);
  if (!loaded.ok()) return kFailed;
  block_signals();
  const bool is_root = ::geteuid() == 0;
  if (is_root && config::needs_of(*loaded.config).any()) return run_guardian(file, *loaded.config);
  if (is_root) return serve_as_user(file, std::move(loaded.config), std::nullopt);
  Gateway gateway(file, loaded.config, std::nullopt, Spawning::kAllowed);
  return gateway.run();
}

int run_gateway(const std::string& file) {
  block_signals();  // first: one that came in before would end the process
  shed_inherited(Child::kGateway);
  config::LoadResult loaded = config::load_file(file, load_context());
  if (!loaded.ok()) return complain(config::to_string(loaded));
  return serve_as_user(file, std::move(loaded.config), GuardianSockets{kChannelFd, kBrokerFd});
}

int run_steward(const std::string& file) {
  block_signals();
  shed_inherited(Child::kSteward);
  say_last_words();
  runtime::EventLoop loop(std::make_unique<runtime::EpollPoller>());
  std::optional<guardian::Channel> channel;
  guardian::steward::Steward steward(
      loop, file, [&file] { return config::load_file(file, load_context()); },
      [&channel](const guardian::Message& message) { return channel->send(message); });
  channel.emplace(
      loop, kChannelFd,
      guardian::Channel::Listener{[&steward](const guardian::Message& message) { steward.receive(message); },
                                  [&loop] { loop.stop(); }, [](const Error&) {}});
  const SignalReader signals(loop, [&loop](int number) {
    if (number == SIGTERM || number == SIGINT) loop.stop();
  });
  loop.run();
  return 0;
}

}  // namespace

int run_role(Role role, const std::string& config_file) {
  switch (role) {
    case Role::kGateway: return run_gateway(config_file);
    case Role::kSteward: return run_steward(config_file);
    case Role::kWhole: break;
  }
  return run_whole(config_file);
}

}  // namespace hf::app
