#include "config/section/mysql.h"

#include <fmt/format.h>

#include "config/file/findings.h"
#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::at;
using file::chosen;
using file::Key;
using file::Kind;
using file::ns;

constexpr Nanos kDay = 24h;

// In the order of the enums: a choice is stored as its index.
constexpr std::string_view kReadYourWrites[] = {"off"};
constexpr std::string_view kLaterReadYourWrites[] = {"session", "service"};
constexpr std::string_view kFallbacks[] = {"none", "primary"};
constexpr std::string_view kUsersFrom[] = {"servers"};

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "service.mysql.monitor", .kind = Kind::kTable, .doc = "The account that checks log in with; a mysql service needs it.",
     .shape = "(account)", .field = at<&Mysql::monitor>()},
    {.path = "service.mysql.users", .kind = Kind::kTableList, .doc = "The accounts that clients may log in with; a mysql service needs users or users_from.",
     .shape = "(account)", .has_identity = true, .always_written = true, .field = at<&Mysql::users>()},
    {.path = "service.mysql.users_from", .kind = Kind::kChoice, .doc = "Takes the accounts from the servers, besides those in users.", .choices = kUsersFrom,
     .field = chosen<&Mysql::users_from_servers, 0>()},
    {.path = "service.mysql.read_your_writes", .kind = Kind::kChoice, .doc = "Whether a read sees the writes that were acknowledged before it.",
     .fallback = "\"off\"", .choices = kReadYourWrites, .later_choices = kLaterReadYourWrites, .field = at<&Mysql::read_your_writes>()},
    {.path = "service.mysql.max_replica_lag", .kind = Kind::kDuration, .doc = "A replica further behind its primary than this gets no reads.",
     .fallback = "\"2s\"", .min = ns(1ms), .max = ns(kDay), .field = at<&Mysql::max_replica_lag>()},
    {.path = "service.mysql.max_server_connections", .kind = Kind::kCount, .doc = "The most connections to one server, all shards together. A KILL may add one for each shard while it lasts.",
     .fallback = "100", .min = 1, .max = 100'000, .field = at<&Mysql::max_server_connections>()},
    {.path = "service.mysql.hold_timeout", .kind = Kind::kDuration, .doc = "How long a statement waits for a primary or for a free connection.",
     .fallback = "\"10s\"", .min = 0, .max = ns(1h), .field = at<&Mysql::hold_timeout>()},
    {.path = "service.mysql.reads_fallback", .kind = Kind::kChoice, .doc = "Where reads go when no replica may serve them.",
     .fallback = "\"primary\"", .choices = kFallbacks, .field = chosen<&Mysql::reads_fallback_to_primary, 1>()},
    {.path = "service.mysql.pool_idle_timeout", .kind = Kind::kDuration, .doc = "How long an unused server connection is kept.",
     .fallback = "\"1m\"", .min = ns(1s), .max = ns(kDay), .field = at<&Mysql::pool_idle_timeout>()},
    {.path = "service.mysql.max_connection_age", .kind = Kind::kDuration,
     .doc = "A server connection older than this is lent to no other session: its rights are those of its login. \"0s\" sets no limit.",
     .fallback = "\"5m\"", .min = 0, .max = ns(365 * kDay), .field = at<&Mysql::max_connection_age>()},
    {.path = "service.mysql.slow_start", .kind = Kind::kDuration, .doc = "How long a server that came back takes to reach its full share.",
     .fallback = "\"0s\"", .min = 0, .max = ns(1h), .field = at<&Mysql::slow_start>()},
};
// clang-format on

}  // namespace

std::span<const Key> keys_of_mysql() { return kKeys; }

void check_mysql(const Mysql& mysql, const std::string& service, const std::string& place, file::ReadResult& result) {
  file::Findings found(result);
  const std::string here = place + ".mysql";
  if (!found.written(here + ".monitor")) {
    found.error(found.at(here), "monitor is missing",
                fmt::format("checks of the mysql service {} log in with it", file::quoted(service)),
                "add monitor = { user = \"…\", password_file = \"…\" } to [service.mysql]");
  }
  if (!found.written(here + ".users") && !found.written(here + ".users_from")) {
    found.error(
        found.at(here), "users is missing", fmt::format("nobody could log in to service {}", file::quoted(service)),
        "add users = [ { name = \"…\", password_file = \"…\" } ] or users_from = \"servers\" to [service.mysql]");
  }
  std::vector<std::string> users;
  for (const Account& account : mysql.users) users.push_back(account.user);
  found.check_unique("user", users, [&](std::size_t i) {
    const std::string account = fmt::format("{}.users[{}]", here, i);
    return account + (found.written(account + ".name") ? ".name" : ".user");
  });
}

}  // namespace hf::config::section
