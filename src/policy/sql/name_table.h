// NameTable: a hash table of lower-case names, built by the compiler, searched case-blind.
//
// Owner: static constant data. Thread: any.
// Invariants:
//   1. Exact for texts of word characters ([A-Za-z0-9_$] and high bytes). Other bytes may match a name they resemble
//      (folding is one bit), which callers must be able to bear.
//   2. Never more than half full, so a search ends.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"

namespace hf::policy::sql {

/// Up to 16 bytes of a name (its first and last 8), folded to lower case: enough to hash it, and to know it if it is no
/// longer.
struct NameEnds {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;

  static constexpr std::uint64_t kFold = 0x2020202020202020ULL;

  static constexpr std::uint64_t load(const char* p, std::size_t width) {
    if (!std::is_constant_evaluated() && std::endian::native == std::endian::little) {
      if (width == 8) {
        std::uint64_t value = 0;
        std::memcpy(&value, p, 8);
        return value;
      }
      std::uint32_t value = 0;
      std::memcpy(&value, p, 4);
      return value;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= std::uint64_t{static_cast<std::uint8_t>(p[i])} << (8 * i);
    return value;
  }

  static constexpr NameEnds of(std::string_view name) {
    const char* p = name.data();
    const std::size_t n = name.size();
    if (n >= 8) return {load(p, 8) | kFold, load(p + n - 8, 8) | kFold};
    if (n >= 4) return {load(p, 4) | kFold, load(p + n - 4, 4) | kFold};
    if (n == 0) return {};
    const auto byte = [p](std::size_t i) { return std::uint64_t{static_cast<std::uint8_t>(p[i])}; };
    return {byte(0) | (byte(n / 2) << 8) | (byte(n - 1) << 16) | kFold, kFold};
  }

  constexpr std::uint64_t hash(std::size_t size) const {
    std::uint64_t h =
        (head * 0x9E3779B97F4A7C15ULL) ^ std::rotl(tail * 0xC2B2AE3D27D4EB4FULL, 29) ^ (size * 0x165667B19E3779F9ULL);
    h ^= h >> 32;
    return h * 0xD6E8FEB86659FD93ULL >> 40;
  }

  friend constexpr bool operator==(const NameEnds&, const NameEnds&) = default;
};

template <typename Value, std::size_t Count>
class NameTable {
 public:
  struct Item {
    std::string_view name;
    Value value{};
  };
  static constexpr std::size_t kSlots = std::bit_ceil(Count * 2 + 1);
  static_assert(Count < 0xFFFF);

  constexpr explicit NameTable(const std::array<Item, Count>& items) {
    for (std::size_t i = 0; i < Count; ++i) {
      entries_[i].ends = NameEnds::of(items[i].name);
      entries_[i].name = items[i].name;
      entries_[i].value = items[i].value;
      std::size_t slot = entries_[i].ends.hash(items[i].name.size()) % kSlots;
      while (slots_[slot] != 0) {
        if (entries_[slots_[slot] - 1U].name == items[i].name) duplicate_ = true;
        slot = (slot + 1) % kSlots;
      }
      slots_[slot] = static_cast<std::uint16_t>(i + 1);
    }
  }

  /// The value of `name`, or nullptr.
  const Value* find(ByteView name) const {
    if (name.empty()) return nullptr;
    const NameEnds ends = NameEnds::of(name);
    for (std::size_t slot = ends.hash(name.size()) % kSlots; slots_[slot] != 0; slot = (slot + 1) % kSlots) {
      const Entry& entry = entries_[slots_[slot] - 1U];
      if (entry.ends == ends && entry.name.size() == name.size() && same_middle(entry.name, name)) return &entry.value;
    }
    return nullptr;
  }
  constexpr bool has_duplicate() const { return duplicate_; }

 private:
  struct Entry {
    NameEnds ends;
    std::string_view name;
    Value value{};
  };

  static bool same_middle(std::string_view known, ByteView name) {
    for (std::size_t i = 8; i + 8 < known.size(); ++i) {
      if ((byte_at(known, i) | 0x20) != (byte_at(name, i) | 0x20)) return false;
    }
    return true;
  }

  std::array<Entry, Count> entries_{};
  std::array<std::uint16_t, kSlots> slots_{};
  bool duplicate_ = false;
};

/// How many names a blank-separated list holds, and its i-th: for writing long lists readably.
constexpr std::size_t count_names(std::string_view list) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] != ' ' && (i == 0 || list[i - 1] == ' ')) ++count;
  }
  return count;
}
/// Takes the first name off the list.
constexpr std::string_view take_name(std::string_view& list) {
  while (!list.empty() && list.front() == ' ') list.remove_prefix(1);
  std::size_t n = 0;
  while (n < list.size() && list[n] != ' ') ++n;
  const std::string_view name = list.substr(0, n);
  list.remove_prefix(n);
  return name;
}

}  // namespace hf::policy::sql
