#include "notify/vip_change.h"

#include <algorithm>

#include "base/event.h"
#include "notify/one_line.h"

namespace hf::notify {
namespace {

constexpr std::size_t kLongestReason = 256;
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kMostAddresses = 32;
constexpr std::size_t kLongestAddress = 64;
constexpr std::size_t kLongestVariable = 1024;

void append_field(std::string& out, std::string_view name, std::string_view value, std::size_t most) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value.substr(0, most));
}

void append_addresses(std::string& out, const std::vector<std::string>& addresses, std::size_t most) {
  out += ",\"addresses\":[";
  for (std::size_t i = 0; i < std::min(addresses.size(), most); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, std::string_view(addresses[i]).substr(0, kLongestAddress));
  }
  out += ']';
}

std::string json_with(const VipChange& change, std::size_t addresses) {
  std::string out = "{\"time\":";
  append_json_string(out, format_utc(change.wall_micros));
  append_field(out, "node", change.node, kLongestName);
  append_field(out, "vip", change.vip, kLongestName);
  append_field(out, "state", change.state, kLongestName);
  append_field(out, "previous", change.previous, kLongestName);
  append_field(out, "reason", change.reason, kLongestReason);
  out += ",\"priority\":" + std::to_string(change.priority);
  append_addresses(out, change.addresses, addresses);
  out += ",\"sequence\":" + std::to_string(change.sequence) + "}\n";
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

std::string state_word(policy::vrrp::Mode mode) {
  return mode == policy::vrrp::Mode::kInitialize ? "STOP" : upper(to_string(mode));
}

}  // namespace

VipChange change_of(const vip::RouterTransition& news) {
  return {.vip = news.router,
          .state = state_word(news.transition.to),
          .previous = upper(to_string(news.transition.from)),
          .reason = news.transition.reason,
          .priority = news.priority,
          .wall_micros = news.transition.wall_micros};
}

VipChange change_of(const vip::AddressConflict& news) {
  return {.vip = news.router,
          .state = "CONFLICT",
          .reason = news.address.to_string() + " is claimed by " + proto::arp::to_string(news.mac),
          .wall_micros = news.wall_micros};
}

VipChange change_of(const vip::DuplicateMaster& news) {
  return {.vip = news.router,
          .state = "CONFLICT",
          .reason = "another master is heard: " + news.peer.to_string(),
          .wall_micros = news.wall_micros};
}

std::string json_line(const VipChange& change) {
  std::string line = json_with(change, kMostAddresses);
  // A value of bytes that must be escaped grows sixfold; names and reason alone still fit then.
  return line.size() <= kLongestLine ? line : json_with(change, 0);
}

vip::ScriptCall script_call(const std::string& script, const VipChange& change) {
  const auto variable = [](std::string_view name, std::string_view value) {
    return "HOLDFAST_" + std::string(name) + "=" + one_line(value, kLongestVariable);
  };
  const std::string priority = std::to_string(change.priority);
  return {.script = script,
          .arguments = {"INSTANCE", one_line(change.vip, kLongestName), one_line(change.state, kLongestName), priority},
          .environment = {variable("VIP", change.vip), variable("STATE", change.state),
                          variable("PREVIOUS", change.previous), variable("REASON", change.reason),
                          variable("PRIORITY", priority), variable("NODE", change.node),
                          variable("ADDRESSES", joined(change.addresses))}};
}

}  // namespace hf::notify
