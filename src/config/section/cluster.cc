#include "config/section/cluster.h"

#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::Key;
using file::Kind;

constexpr std::string_view kCoordinations[] = {"none"};
constexpr std::string_view kLaterCoordinations[] = {"database", "etcd"};

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "cluster.coordination", .kind = Kind::kChoice, .doc = "How the nodes are coordinated.", .fallback = "\"none\"",
     .choices = kCoordinations, .later_choices = kLaterCoordinations},
};
// clang-format on

}  // namespace

std::span<const Key> keys_of_cluster() { return kKeys; }

}  // namespace hf::config::section
