// Notice: what a receiver is told of: a change of a virtual address, or an event.
//
// Owner: plain values. Thread: any (pure functions).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "notify/event_notice.h"
#include "notify/mail.h"
#include "notify/vip_change.h"

namespace hf::notify {

using Notice = std::variant<VipChange, EventNotice>;

inline std::string json_line(const Notice& notice) {
  return std::visit([](const auto& each) { return json_line(each); }, notice);
}
inline vip::ScriptCall script_call(const std::string& script, const Notice& notice) {
  return std::visit([&script](const auto& each) { return script_call(script, each); }, notice);
}
inline Letter compose(const Notice& notice, const std::string& from, const std::vector<std::string>& to) {
  return std::visit([&](const auto& each) { return compose(each, from, to); }, notice);
}

}  // namespace hf::notify
