#include "base/event.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace hf {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

void append_padded(std::string& out, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

bool is_continuation(std::string_view text, std::size_t i) {
  return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
}

/// The length of the well-formed UTF-8 sequence at `i`, 0 when there is none (RFC 3629 clause 4).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto lead = static_cast<unsigned char>(text[i]);
  if (lead < 0x80) return 1;
  if (!is_continuation(text, i + 1)) return 0;
  const auto second = static_cast<unsigned char>(text[i + 1]);
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
    return is_continuation(text, i + 2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
    return is_continuation(text, i + 2) && is_continuation(text, i + 3) ? 4 : 0;
  }
  return 0;
}

/// Appends the inside of a JSON string: quotes, backslashes and control characters escaped, broken UTF-8 replaced.
void append_escaped(std::string& out, std::string_view value) {
  for (std::size_t i = 0; i < value.size();) {
    const char c = value[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
      ++i;
    } else if (c == '\n') {
      out += "\\n";
      ++i;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out.push_back(kHexDigits[byte >> 4]);
      out.push_back(kHexDigits[byte & 15U]);
      ++i;
    } else if (const std::size_t length = utf8_length(value, i); length > 0) {
      out.append(value.substr(i, length));
      i += length;
    } else {
      out += "\xEF\xBF\xBD";
      ++i;
    }
  }
}

/// A value that needs no quotes in key=value form.
bool is_plain(std::string_view value) {
  return !value.empty() &&
         std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '='; });
}

bool has_field(std::string_view fields, std::string_view name) {
  while (!fields.empty()) {
    const std::size_t blank = fields.find(' ');
    if (fields.substr(0, blank) == name) return true;
    if (blank == std::string_view::npos) return false;
    fields.remove_prefix(blank + 1);
  }
  return false;
}

std::string event_number(EventId id) { return "HF-" + std::to_string(static_cast<unsigned>(id)); }

}  // namespace

std::string_view Event::field(std::string_view name) const {
  for (const EventField& each : fields) {
    if (each.name == name) return each.value;
  }
  return {};
}

const EventType* find_event(EventId id) {
  const auto catalogue = event_catalogue();
  const auto found = std::ranges::lower_bound(catalogue, id, {}, &EventType::id);
  return found != catalogue.end() && found->id == id ? &*found : nullptr;
}

std::string_view to_string(EventLevel level) {
  switch (level) {
    case EventLevel::kInfo: return "info";
    case EventLevel::kWarning: return "warning";
    case EventLevel::kError: return "error";
  }
  return "error";
}

std::string event_title(EventId id) {
  const EventType* type = find_event(id);
  return event_number(id) + " " + std::string(type != nullptr ? type->name : "unknown");
}

std::string_view unknown_field(const Event& event) {
  const EventType* type = find_event(event.id);
  for (const EventField& each : event.fields) {
    if (type == nullptr || !has_field(type->fields, each.name)) return each.name;
  }
  return {};
}

std::string format_utc(std::int64_t wall_micros) {
  using std::chrono::floor;
  const std::chrono::sys_time<Micros> time{Micros{wall_micros}};
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<Micros> clock{time - day};
  std::string out;
  append_padded(out, int{date.year()}, 4);
  out.push_back('-');
  append_padded(out, unsigned{date.month()}, 2);
  out.push_back('-');
  append_padded(out, unsigned{date.day()}, 2);
  out.push_back('T');
  append_padded(out, clock.hours().count(), 2);
  out.push_back(':');
  append_padded(out, clock.minutes().count(), 2);
  out.push_back(':');
  append_padded(out, clock.seconds().count(), 2);
  out.push_back('.');
  append_padded(out, clock.subseconds().count(), 6);
  out.push_back('Z');
  return out;
}

void append_json_string(std::string& out, std::string_view value) {
  out.push_back('"');
  append_escaped(out, value);
  out.push_back('"');
}

std::string render_text(const Event& event) {
  const EventType* type = find_event(event.id);
  std::string out = format_utc(event.wall_micros);
  out.push_back(' ');
  out += to_string(type != nullptr ? type->level : EventLevel::kError);
  out.push_back(' ');
  out += event_title(event.id);
  for (const EventField& each : event.fields) {
    out.push_back(' ');
    out += each.name;
    out.push_back('=');
    if (is_plain(each.value)) {
      out += each.value;
    } else {
      append_json_string(out, each.value);
    }
  }
  return out;
}

std::string render_json(const Event& event) {
  const EventType* type = find_event(event.id);
  const std::string number = event_number(event.id);
  const std::string time = format_utc(event.wall_micros);
  std::string out = "{";
  const auto append_member = [&out](std::string_view name, std::string_view value) {
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, name);
    out.push_back(':');
    append_json_string(out, value);
  };
  append_member("time", time);
  append_member("level", to_string(type != nullptr ? type->level : EventLevel::kError));
  append_member("id", number);
  append_member("event", type != nullptr ? type->name : "unknown");
  for (const EventField& each : event.fields) append_member(each.name, each.value);
  out.push_back('}');
  return out;
}

std::string render_event_docs() {
  std::string out =
      "# Events\n\n"
      "Every event has a number, a name, a level and named fields. Numbers and names never change their meaning, so "
      "scripts\n"
      "may rely on them. Fields that are not known at the moment are left out. This page is rendered from the "
      "catalogue in\n"
      "`src/base/event_catalogue.cc`; `base_test` fails when the two differ.\n";
  for (const EventType& type : event_catalogue()) {
    out += "\n## " + event_title(type.id) + "\n\n";
    out += "Level: " + std::string(to_string(type.level)) + ". Fields: ";
    std::string_view fields = type.fields;
    while (!fields.empty()) {
      const std::size_t blank = std::min(fields.find(' '), fields.size());
      out += "`" + std::string(fields.substr(0, blank)) + "`";
      fields.remove_prefix(std::min(blank + 1, fields.size()));
      out += fields.empty() ? "" : ", ";
    }
    out += ".\n\n" + std::string(type.meaning) + "\n\nWhat to do: " + std::string(type.action) + "\n";
  }
  return out;
}

}  // namespace hf
