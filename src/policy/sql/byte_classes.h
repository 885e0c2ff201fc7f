// Byte classes of SQL text, and the two scans that take most of the lexer's time.
//
// Owner: static constant data. Thread: any.
// Invariants:
//   1. No scan reads at or past `end`.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace hf::policy::sql {

enum class Class : std::uint8_t {
  kOther,
  kBlank,
  kLetter,
  kDigit,
  kHigh,
  kQuote,
  kBacktick,
  kHash,
  kDash,
  kSlash,
  kStar,
  kAt,
  kDot,
  kQuestion,
  kBackslash,
  kNul,
  kSingle
};

constexpr std::array<Class, 256> make_classes() {
  std::array<Class, 256> classes{};
  for (std::size_t c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 32] = Class::kLetter;
  for (std::size_t c = '0'; c <= '9'; ++c) classes[c] = Class::kDigit;
  for (std::size_t c = 0x80; c < 0x100; ++c) classes[c] = Class::kHigh;
  for (const char c : {' ', '\t', '\n', '\v', '\f', '\r'}) classes[static_cast<std::uint8_t>(c)] = Class::kBlank;
  classes['_'] = classes['$'] = Class::kLetter;
  classes['\''] = classes['"'] = Class::kQuote;
  classes['`'] = Class::kBacktick;
  classes['#'] = Class::kHash;
  classes['-'] = Class::kDash;
  classes['/'] = Class::kSlash;
  classes['*'] = Class::kStar;
  classes['@'] = Class::kAt;
  classes['.'] = Class::kDot;
  classes['?'] = Class::kQuestion;
  classes['\\'] = Class::kBackslash;
  classes[0] = Class::kNul;
  // always a token
  for (const char c : {'(', ')', ',', ';', '=', '+', '%'}) classes[static_cast<std::uint8_t>(c)] = Class::kSingle;
  return classes;
}
inline constexpr std::array<Class, 256> kClasses = make_classes();

/// Whether it is this word of lower-case ASCII, in letters of any size.
inline bool equals_blind(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

inline Class class_of(char c) { return kClasses[static_cast<std::uint8_t>(c)]; }
inline bool is_word_byte(std::uint8_t c) { return kClasses[c] == Class::kLetter || kClasses[c] == Class::kDigit; }

/// The first byte in [p, end) that is not an ASCII word byte ([A-Za-z0-9_$]), or end. (SSE2 gains nothing here: words
/// are short.)
inline const char* skip_word(const char* p, const char* end) {
  while (p < end && is_word_byte(static_cast<std::uint8_t>(*p))) ++p;
  return p;
}

/// The first byte in [p, end) that is `a` or `b` (or, if `high`, at least 0x80), or end. For the insides of strings.
inline const char* skip_to(const char* p, const char* end, char a, char b, bool high) {
#if defined(__SSE2__)
  const __m128i as = _mm_set1_epi8(a);
  const __m128i bs = _mm_set1_epi8(b);
  const int highs = high ? 0xFFFF : 0;
  while (end - p >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, as), _mm_cmpeq_epi8(bytes, bs));
    const int mask = _mm_movemask_epi8(found) | (_mm_movemask_epi8(bytes) & highs);
    if (mask != 0) return p + std::countr_zero(static_cast<unsigned>(mask));
    p += 16;
  }
#endif
  while (p < end && *p != a && *p != b && !(high && static_cast<std::uint8_t>(*p) >= 0x80)) ++p;
  return p;
}

}  // namespace hf::policy::sql
