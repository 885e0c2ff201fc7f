#include "config/file/units.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <span>

namespace hf::config::file {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Largest first, so that formatting takes the largest unit that divides.
constexpr Unit kDurations[] = {{"d", 86'400'000'000'000},
                               {"h", 3'600'000'000'000},
                               {"m", 60'000'000'000},
                               {"s", 1'000'000'000},
                               {"ms", 1'000'000},
                               {"us", 1'000},
                               {"ns", 1}};
constexpr Unit kSizes[] = {{"GiB", 1LL << 30}, {"MiB", 1LL << 20}, {"KiB", 1LL << 10}, {"B", 1}};

Result<std::int64_t> parse(std::string_view text, std::span<const Unit> units, std::string_view noun,
                           std::string_view names) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  if (code == std::errc::result_out_of_range) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("the {} is too large", noun)};
  }
  if (code != std::errc{} || number < 0) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("a {} is a whole number and a unit ({})", noun, names)};
  }
  const std::string_view unit_name(rest, static_cast<std::size_t>(end - rest));
  if (unit_name.empty()) return Error{ErrorCode::kInvalidArgument, fmt::format("a {} needs a unit ({})", noun, names)};
  for (const Unit& unit : units) {
    if (unit.name != unit_name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) {
      return Error{ErrorCode::kInvalidArgument, fmt::format("the {} is too large", noun)};
    }
    return number * unit.factor;
  }
  return Error{ErrorCode::kInvalidArgument, fmt::format("the units of a {} are {}", noun, names)};
}

std::string format(std::int64_t value, std::span<const Unit> units, std::string_view zero) {
  if (value == 0) return std::string(zero);
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) return fmt::format("{}{}", value / unit.factor, unit.name);
  }
  return {};
}

}  // namespace

Result<Nanos> parse_duration(std::string_view text) {
  const Result<std::int64_t> nanos = parse(text, kDurations, "duration", "ns, us, ms, s, m, h, d");
  if (!nanos.ok()) return nanos.error();
  return Nanos{*nanos};
}

std::string format_duration(Nanos duration) { return format(duration.count(), kDurations, "0s"); }

Result<std::uint64_t> parse_size(std::string_view text) {
  const Result<std::int64_t> bytes = parse(text, kSizes, "size", "B, KiB, MiB, GiB");
  if (!bytes.ok()) return bytes.error();
  return static_cast<std::uint64_t>(*bytes);
}

std::string format_size(std::uint64_t bytes) { return format(static_cast<std::int64_t>(bytes), kSizes, "0B"); }

}  // namespace hf::config::file
