#include "config/section/listen.h"

#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::at;
using file::Key;
using file::Kind;

// In the order of ListenRoute: a choice is stored as its index.
constexpr std::string_view kRoutes[] = {"split", "read", "write"};

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "service.listen.address", .kind = Kind::kListenAddress,
     .doc = "An address of this machine in numbers and a port; port 0 takes a free one.", .required = true, .group = "endpoint", .per_node = true,
     .field = at<&Listen::endpoint>()},
    {.path = "service.listen.unix", .kind = Kind::kSocketPath, .doc = "A Unix socket.", .required = true, .group = "endpoint", .per_node = true,
     .field = at<&Listen::endpoint>()},
    {.path = "service.listen.route", .kind = Kind::kChoice, .doc = "mysql only: split reads from writes, readers only, or the primary only.",
     .fallback = "\"split\"", .choices = kRoutes, .field = at<&Listen::mysql, &MysqlListen::route>()},
};
// clang-format on

}  // namespace

std::span<const Key> keys_of_listen() { return kKeys; }

}  // namespace hf::config::section
