// Any bytes may come in. Oracle: no crash, a Config exactly when there is no error, every complaint placed and in
// order, a configuration that loads has no difference to itself loaded again, nor to itself printed and loaded, the
// machine takes each of its VIPs, and each of its scripts is whole and found by its id.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "config/diff.h"
#include "config/parse.h"
#include "config/print.h"
#include "config/scripts.h"
#include "policy/vrrp/config.h"

namespace {

using namespace hf::config;

void check_script(const Config& config, const Script& script) {
  if (script == Script{}) return;
  HF_CHECK(!script.command.empty() && !script.user.empty() && script.timeout > hf::Nanos{0});
  HF_CHECK(script.command.front().starts_with('/'));
  HF_CHECK(find_script(config, script.id) == &script);
}

void check_vip(const Config& config, const Vip& vip) {
  hf::policy::vrrp::Config machine;
  machine.version = vip.version == 2 ? hf::policy::vrrp::ProtocolVersion::kV2 : hf::policy::vrrp::ProtocolVersion::kV3;
  machine.priority = vip.priority;
  machine.addresses.resize(vip.addresses.size());
  machine.advert_interval = vip.advert_interval;
  machine.preempt_delay = vip.preempt_delay;
  machine.start_delay = vip.start_delay;
  machine.lease = vip.lease;
  machine.refresh_interval = vip.lease / 2;
  machine.probe_wait = vip.probe_wait;
  machine.conflict_patience = vip.conflict_patience;
  machine.announce_delay = vip.announce_delay;
  machine.announce_refresh = vip.announce_refresh;
  HF_CHECK(hf::policy::vrrp::validate(machine).ok());
  for (const VipAddress& address : vip.addresses) {
    HF_CHECK(address.address.family() == vip.addresses.front().address.family());
  }
  for (const Track& track : vip.tracks) {
    HF_CHECK((track.kind == TrackKind::kScript) == (track.script != Script{}));
    check_script(config, track.script);
  }
  for (const Script* script : {&vip.on_master, &vip.on_backup, &vip.on_fault, &vip.on_stop, &vip.on_change}) {
    check_script(config, *script);
  }
}

void check_notify(const Config& config, const Notify& notify) {
  HF_CHECK((notify.kind == NotifyKind::kCommand) == (notify.command != Script{}));
  check_script(config, notify.command);
}

/// A path that became whole, or a command with other quotes, may have become too long for a file.
void check_printed(const Config& config, const LoadContext& context) {
  const LoadResult printed = load_text(print_toml(config), "/etc/holdfast/holdfast.toml", context);
  const bool too_long = std::any_of(printed.errors.begin(), printed.errors.end(),
                                    [](const Diagnostic& d) { return d.why == "it is longer than 4096 bytes"; });
  HF_CHECK(too_long || (printed.ok() && *printed.config == config));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  LoadContext context;
  context.host_name = "gw-a";
  context.environment = [](const std::string& name) -> std::optional<std::string> {
    return name.size() % 2 == 0 ? std::optional<std::string>("http://secret/?x") : std::nullopt;
  };
  context.read_secret = [](const std::string& path) -> hf::Result<SecretFile> {
    if (path.size() % 2 != 0) return hf::Error{hf::ErrorCode::kNotFound, "there is no such file"};
    return SecretFile{path + "\n", path.size() % 4 == 0};
  };

  const LoadResult result = load_text(text, "/etc/holdfast/holdfast.toml", context);
  HF_CHECK(result.ok() == result.errors.empty());
  for (const auto* list : {&result.errors, &result.warnings}) {
    for (const Diagnostic& d : *list) {
      HF_CHECK(d.line >= 1 && d.column >= 1 && !d.what.empty() && !d.why.empty() && !d.remedy.empty());
    }
    HF_CHECK(std::is_sorted(list->begin(), list->end(), [](const Diagnostic& a, const Diagnostic& b) {
      return a.line != b.line ? a.line < b.line : a.column < b.column;
    }));
  }
  if (!result.ok()) return 0;
  for (const Vip& vip : result.config->vips) check_vip(*result.config, vip);
  for (const Notify& notify : result.config->notifies) check_notify(*result.config, notify);
  const LoadResult again = load_text(text, "/etc/holdfast/holdfast.toml", context);
  HF_CHECK(again.ok() && *again.config == *result.config);
  HF_CHECK(diff(*result.config, *again.config).empty());
  check_printed(*result.config, context);
  return 0;
}
