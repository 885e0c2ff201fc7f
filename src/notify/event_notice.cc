#include "notify/event_notice.h"

#include <algorithm>
#include <utility>

#include "notify/one_line.h"

namespace hf::notify {

namespace {

constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestVariable = 1024;
constexpr std::size_t kMostFields = 11;  // the steward takes sixteen variables

void append(std::string& out, std::string_view name, std::string_view value) {
  out += out.empty() ? "{\"" : ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value);
}

std::string json_with(const EventNotice& notice, std::size_t longest_value) {
  const EventType& type = *notice.event.type;
  std::string out;
  append(out, "time", format_utc(notice.event.wall_micros));
  append(out, "level", to_string(type.level));
  append(out, "id", event_number(type.id));
  append(out, "event", type.name);
  append(out, "node", std::string_view(notice.node).substr(0, kLongestName));
  out += ",\"sequence\":" + std::to_string(notice.sequence);
  for (const EventField& field : notice.event.fields) {
    append(out, field.name, std::string_view(field.value).substr(0, longest_value));
  }
  return out + "}\n";
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

}  // namespace

std::string json_line(const EventNotice& notice) {
  std::size_t longest_value = kMostValueBytes;
  std::string line = json_with(notice, longest_value);
  while (line.size() > kLongestLine && longest_value > 0) line = json_with(notice, longest_value /= 2);
  return line;
}

vip::ScriptCall script_call(const std::string& script, const EventNotice& notice) {
  const EventType& type = *notice.event.type;
  const std::string level(to_string(type.level));
  vip::ScriptCall call{.script = script,
                       .arguments = {"EVENT", event_number(type.id), std::string(type.name), level},
                       .environment = {}};
  const auto add = [&call](const std::string& name, std::string_view value) {
    call.environment.push_back("HOLDFAST_" + name + "=" + one_line(value, kLongestVariable));
  };
  add("EVENT", event_number(type.id));
  add("NAME", type.name);
  add("LEVEL", level);
  add("TIME", format_utc(notice.event.wall_micros));
  add("NODE", notice.node);
  for (std::size_t i = 0; i < std::min(notice.event.fields.size(), kMostFields); ++i) {
    add("FIELD_" + upper(notice.event.fields[i].name), notice.event.fields[i].value);
  }
  return call;
}

}  // namespace hf::notify
