#include "config/section/check.h"

#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::at;
using file::Key;
using file::Kind;
using file::ns;

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "service.check.interval", .kind = Kind::kDuration, .doc = "The time between two checks of a server.",
     .fallback = "\"1s\"", .min = ns(10ms), .max = ns(1h), .field = at<&Check::interval>()},
    {.path = "service.check.timeout", .kind = Kind::kDuration, .doc = "How long one check may take before it counts as failed.",
     .fallback = "\"1s\"", .min = ns(10ms), .max = ns(1h), .field = at<&Check::timeout>()},
    {.path = "service.check.rise", .kind = Kind::kCount, .doc = "How many good checks in a row bring a server back.",
     .fallback = "2", .min = 1, .max = 100, .field = at<&Check::rise>()},
    {.path = "service.check.fall", .kind = Kind::kCount, .doc = "How many failed checks in a row take a server out.",
     .fallback = "3", .min = 1, .max = 100, .field = at<&Check::fall>()},
};
// clang-format on

}  // namespace

std::span<const Key> keys_of_check() { return kKeys; }

}  // namespace hf::config::section
