#include "config/section/log.h"

#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::at;
using file::Key;
using file::Kind;

// In the order of the enums: a choice is stored as its index.
constexpr std::string_view kLogFormats[] = {"text", "json"};
constexpr std::string_view kLogLevels[] = {"debug", "info", "warning", "error"};

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "log.file", .kind = Kind::kPath, .doc = "The file that events are appended to.", .fallback_note = "standard error", .per_node = true,
     .field = at<&Log::file>()},
    {.path = "log.format", .kind = Kind::kChoice, .doc = "One line of text or one JSON object per event.", .fallback = "\"text\"",
     .choices = kLogFormats, .field = at<&Log::format>()},
    {.path = "log.level", .kind = Kind::kChoice, .doc = "The least serious event that is written.", .fallback = "\"info\"",
     .choices = kLogLevels, .field = at<&Log::level>()},
};
// clang-format on

}  // namespace

std::span<const Key> keys_of_log() { return kKeys; }

}  // namespace hf::config::section
