#include "proto/mysql/client_name.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace hf::proto::mysql {

namespace {

constexpr std::uint16_t kLatin1Collations[] = {5, 8, 15, 31, 47, 48, 49, 94, 1032, 1071};
/// From 0x80 up to 0x9F; all other bytes are their own code points.
constexpr std::array<char16_t, 32> kCp1252 = {0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                              0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                              0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                              0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

bool is_latin1(std::uint16_t collation) {
  return std::find(std::begin(kLatin1Collations), std::end(kLatin1Collations), collation) !=
         std::end(kLatin1Collations);
}

/// utf8mb3 and utf8mb4 with the collations that clients name.
bool is_utf8(std::uint16_t collation) {
  return collation == 33 || collation == 45 || collation == 46 || collation == 83 ||
         (collation >= 192 && collation <= 247);
}

void append_utf8(std::string& out, char16_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | (point >> 12));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

std::string from_latin1(ByteView name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<std::uint8_t>(c);
    append_utf8(out, byte >= 0x80 && byte < 0xA0 ? kCp1252[byte - 0x80U] : static_cast<char16_t>(byte));
  }
  return out;
}

/// The length of the character at the front; 0: it is none.
std::size_t utf8_length(ByteView text) {
  const std::uint8_t lead = byte_at(text, 0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  const std::uint8_t second = byte_at(text, 1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  const ByteView rest = text.substr(1, length - 1);
  return std::all_of(rest.begin(), rest.end(), [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0) == 0x80; })
             ? length
             : 0;
}

std::string from_utf8(ByteView name) {
  std::string out;
  while (!name.empty()) {
    const std::size_t length = utf8_length(name);
    if (length == 0 || length > 3) {
      out += '?';
    } else {
      out += name.substr(0, length);
    }
    name.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace

std::string name_from_client(ByteView name, std::uint16_t collation) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<std::uint8_t>(c) < 0x80; });
  if (plain) return std::string(name);
  if (is_latin1(collation)) return from_latin1(name);
  return is_utf8(collation) ? from_utf8(name) : std::string(name);
}

std::string name_said_back(ByteView name, std::uint16_t collation) {
  return is_utf8(collation) ? from_utf8(name) : std::string(name);
}

}  // namespace hf::proto::mysql
