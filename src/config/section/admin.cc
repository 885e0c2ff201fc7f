#include "config/section/admin.h"

#include <fmt/format.h>

#include "config/file/findings.h"
#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::at;
using file::Key;
using file::Kind;
using file::secret;

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "admin.http", .kind = Kind::kListenAddress,
     .doc = "Where the JSON API and /metrics listen. Without a token or an account it only shows, and must stay on the loopback; \"off\" closes it.",
     .fallback = "\"127.0.0.1:9400\"", .per_node = true, .may_be_off = true, .needs_restart = true, .field = at<&Admin::http>()},
    {.path = "admin.socket", .kind = Kind::kSocketPath, .doc = "The Unix socket of the command line, mode 0600: for root, the gateway's user, and whom you let write to the file; \"off\" closes it.",
     .fallback = "\"/run/holdfast/admin.sock\"", .per_node = true, .may_be_off = true, .needs_restart = true, .field = at<&Admin::socket>()},
    {.path = "admin.token_file", .kind = Kind::kSecretFile, .doc = "A file that holds the bearer token of the HTTP interface.",
     .group = "token", .per_node = true, .field = secret<&Admin::token, &Admin::token_from>()},
    {.path = "admin.token_env", .kind = Kind::kSecretVariable, .doc = "An environment variable that holds the bearer token.",
     .group = "token", .per_node = true, .field = secret<&Admin::token, &Admin::token_from>()},
    {.path = "admin.token", .kind = Kind::kRefused, .doc = "token_file or token_env"},
    {.path = "admin.account", .kind = Kind::kTable, .doc = "The login of the HTTP interface (basic authentication).", .per_node = true,
     .shape = "(account)", .field = at<&Admin::account>()},
    {.path = "admin.mysql", .kind = Kind::kLater, .doc = "Admin SQL."},
};
// clang-format on

}  // namespace

std::span<const Key> keys_of_admin() { return kKeys; }

void check_admin(const Admin& admin, file::ReadResult& result) {
  file::Findings found(result);
  const bool guarded =
      found.written("admin.token_file") || found.written("admin.token_env") || found.written("admin.account");
  if (admin.http.host.empty() || is_loopback(admin.http) || guarded) return;
  found.error(found.at("admin.http"), fmt::format("admin.http = \"{}\"", admin.http.to_string()),
              "others can reach it and it has neither token nor account",
              "add token_file or account to [admin] or listen on 127.0.0.1");
}

}  // namespace hf::config::section
