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

/// The code point of a well-formed sequence of that length, as far as misleading() asks for it.
std::uint32_t code_point(std::string_view text, std::size_t i, std::size_t length) {
  const auto at = [&text](std::size_t k) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[k])); };
  if (length == 1) return at(i);
  if (length == 2) return (at(i) & 0x1FU) << 6 | (at(i + 1) & 0x3FU);
  if (length == 3) return (at(i) & 0x0FU) << 12 | (at(i + 1) & 0x3FU) << 6 | (at(i + 2) & 0x3FU);
  return 0x10000;
}

/// What shows something else than the characters: controls (C0, DEL, C1 with NEL), the separators of lines and
/// paragraphs, and what turns the direction of the text around it.
bool misleading(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0x061C || point == 0x200E || point == 0x200F ||
         (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

void append_code(std::string& out, std::uint32_t point) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out.push_back(kHexDigits[point >> shift & 15U]);
}

enum class Quotes : std::uint8_t { kEscaped, kKept };

/// Appends the inside of a JSON string (with quotes and backslashes kept, readable text): what misleads is escaped,
/// broken UTF-8 replaced.
void append_escaped(std::string& out, std::string_view value, Quotes quotes = Quotes::kEscaped) {
  for (std::size_t i = 0; i < value.size();) {
    const char c = value[i];
    const std::size_t length = utf8_length(value, i);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++i;
      continue;
    }
    const std::uint32_t point = code_point(value, i, length);
    if ((c == '"' || c == '\\') && quotes == Quotes::kEscaped) {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += quotes == Quotes::kEscaped ? "\\n" : "\n";
    } else if (misleading(point)) {
      append_code(out, point);
    } else {
      out.append(value.substr(i, length));
    }
    i += length;
  }
}

/// A value that needs no quotes in key=value form.
bool is_plain(std::string_view value) {
  return !value.empty() &&
         std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '='; });
}

}  // namespace

std::string_view Event::field(std::string_view name) const {
  for (const EventField& each : fields) {
    if (each.name == name) return each.value;
  }
  return {};
}

Event counted(std::uint64_t count, Event event) {
  event.fields.push_back({kCountField, std::to_string(count)});
  return event;
}

const EventType* find_event(EventTypes types, EventId id) {
  const auto found = std::ranges::find(types, id, [](const EventType* type) { return type->id; });
  return found != types.end() ? *found : nullptr;
}

std::string_view find_field(const EventType& type, std::string_view name) {
  if (name == kCountField) return kCountField;
  const auto found = std::ranges::find(type.fields, name);
  return found != type.fields.end() ? *found : std::string_view{};
}

std::string_view to_string(EventLevel level) {
  switch (level) {
    case EventLevel::kInfo: return "info";
    case EventLevel::kWarning: return "warning";
    case EventLevel::kError: return "error";
  }
  return "error";
}

std::string event_number(EventId id) { return "HF-" + std::to_string(static_cast<unsigned>(id)); }

std::string event_title(const EventType& type) { return event_number(type.id) + " " + std::string(type.name); }

std::string_view unknown_field(const Event& event) {
  for (const EventField& each : event.fields) {
    if (find_field(*event.type, each.name).empty()) return each.name;
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

void append_event_value(std::string& out, std::string_view value) {
  if (is_plain(value)) {
    out += value;
  } else {
    append_json_string(out, value);
  }
}

std::string printable(std::string_view text) {
  std::string out;
  append_escaped(out, text, Quotes::kKept);
  return out;
}

void bound_values(Event& event) {
  for (EventField& field : event.fields) {
    const std::size_t length = field.value.size();
    if (length <= kMostValueBytes) continue;
    std::size_t cut = kMostValueBytes;
    while (cut > kMostValueBytes - 4 && is_continuation(field.value, cut)) --cut;
    field.value.resize(cut);
    field.value += "\u2026 (" + std::to_string(length) + " bytes)";
  }
}

std::string render_text(const Event& event) {
  std::string out = format_utc(event.wall_micros);
  out.push_back(' ');
  out += to_string(event.type->level);
  out.push_back(' ');
  out += event_title(*event.type);
  for (const EventField& each : event.fields) {
    out.push_back(' ');
    out += each.name;
    out.push_back('=');
    append_event_value(out, each.value);
  }
  return out;
}

std::string render_json(const Event& event) {
  const std::string number = event_number(event.id());
  const std::string time = format_utc(event.wall_micros);
  std::string out = "{";
  const auto append_member = [&out](std::string_view name, std::string_view value) {
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, name);
    out.push_back(':');
    append_json_string(out, value);
  };
  append_member("time", time);
  append_member("level", to_string(event.type->level));
  append_member("id", number);
  append_member("event", event.type->name);
  for (const EventField& each : event.fields) append_member(each.name, each.value);
  out.push_back('}');
  return out;
}

}  // namespace hf
