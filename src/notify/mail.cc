#include "notify/mail.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "notify/one_line.h"

namespace hf::notify {
namespace {

constexpr std::size_t kLongestValue = 256;
constexpr std::size_t kLongestParagraphLine = 76;
constexpr std::size_t kLongestAddress = 254;  // RFC 5321 4.5.3.1.3

std::string ascii(std::string_view text) {
  std::string out = one_line(text, kLongestValue);
  std::replace_if(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return out;
}

/// Letters, digits, dot and hyphen: for a host name or the parts of a message's id.
std::string token(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kLongestValue)) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (plain) out += c;
  }
  return out.empty() ? "holdfast" : out;
}

std::string body(const VipChange& change) {
  std::string out = fmt::format("{} is {} on {}.\r\n\r\n", ascii(change.vip), ascii(change.state), ascii(change.node));
  out += "Before: " + ascii(change.previous) + "\r\n";
  out += "Reason: " + ascii(change.reason) + "\r\n";
  out += fmt::format("Priority: {}\r\n", change.priority);
  out += fmt::format("Sequence: {}\r\n", change.sequence);
  for (const std::string& address : change.addresses) out += "Address: " + ascii(address) + "\r\n";
  return out;
}

/// Broken at blanks.
std::string paragraph(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    const bool fits = column + 1 + word.size() <= kLongestParagraphLine;
    if (column > 0) out += fits ? " " : "\r\n";
    column = column > 0 && fits ? column + 1 + word.size() : word.size();
    out += ascii(word);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return out + "\r\n";
}

std::string body(const EventNotice& notice) {
  const EventType& type = *notice.event.type;
  std::string out = fmt::format("{} on {}: {}.\r\n\r\n", event_title(type), ascii(notice.node), to_string(type.level));
  for (const EventField& field : notice.event.fields) out += fmt::format("{}: {}\r\n", field.name, ascii(field.value));
  out += fmt::format("Time: {}\r\nSequence: {}\r\n", format_utc(notice.event.wall_micros), notice.sequence);
  return out + "\r\n" + paragraph(type.meaning) + "\r\nWhat to do: " + paragraph(type.action);
}

/// " orders db1": what the event is about.
std::string place_in_subject(const Event& event) {
  std::string out;
  for (const std::string_view name : {"service", "server", "vip"}) {
    const std::string_view value = event.field(name);
    if (!value.empty()) out += " " + ascii(value);
  }
  return out;
}

/// What letters differ in.
struct Words {
  std::string subject;
  std::string body;
  std::string node;
  std::string id;  // part of the message's
  std::int64_t wall_micros = 0;
  std::uint64_t sequence = 0;
};

Letter letter(const Words& words, const std::string& from, const std::vector<std::string>& to) {
  Letter letter{.greeting = token(words.node), .from = mail_address(from), .to = {}, .text = {}};
  std::string all;
  for (const std::string& one : to) {
    letter.to.push_back(mail_address(one));
    all += (all.empty() ? "<" : ",\r\n <") + letter.to.back() + ">";  // folded: many recipients make no long line
  }
  letter.text = "Date: " + mail_date(words.wall_micros) + "\r\n";
  letter.text += "From: <" + letter.from + ">\r\nTo: " + all + "\r\n";
  letter.text += fmt::format("Subject: [holdfast] {}: {}\r\n", ascii(words.node), words.subject);
  letter.text +=
      fmt::format("Message-ID: <{}.{}.{}@{}>\r\n", words.wall_micros, words.sequence, token(words.id), letter.greeting);
  letter.text +=
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nAuto-Submitted: auto-generated\r\n\r\n";
  letter.text += words.body;
  return letter;
}

}  // namespace

std::string mail_date(std::int64_t wall_micros) {
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds at{std::chrono::floor<std::chrono::seconds>(std::chrono::microseconds(wall_micros))};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000", kDays[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

std::string mail_address(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kLongestAddress)) {
    if (c > 0x20 && c < 0x7F && c != '<' && c != '>' && c != ',') out += c;
  }
  return out;
}

Letter compose(const VipChange& change, const std::string& from, const std::vector<std::string>& to) {
  return letter({.subject = fmt::format("{} is {}", ascii(change.vip), ascii(change.state)),
                 .body = body(change),
                 .node = change.node,
                 .id = change.vip,
                 .wall_micros = change.wall_micros,
                 .sequence = change.sequence},
                from, to);
}

Letter compose(const EventNotice& notice, const std::string& from, const std::vector<std::string>& to) {
  return letter({.subject = event_title(*notice.event.type) + place_in_subject(notice.event),
                 .body = body(notice),
                 .node = notice.node,
                 .id = std::string(notice.event.type->name),
                 .wall_micros = notice.event.wall_micros,
                 .sequence = notice.sequence},
                from, to);
}

}  // namespace hf::notify
