#include "config/section/account.h"

#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::at;
using file::Key;
using file::Kind;
using file::secret;

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "(account).user", .kind = Kind::kText, .doc = "The user name.", .required = true, .group = "user", .field = at<&Account::user>()},
    {.path = "(account).name", .kind = Kind::kText, .doc = "The same, as it reads well in a list of users.", .required = true, .group = "user",
     .field = at<&Account::user>()},
    {.path = "(account).password_file", .kind = Kind::kSecretFile, .doc = "A file that holds the password.", .required = true, .group = "password",
     .field = secret<&Account::password, &Account::password_from>()},
    {.path = "(account).password_env", .kind = Kind::kSecretVariable, .doc = "An environment variable that holds the password.",
     .required = true, .group = "password", .field = secret<&Account::password, &Account::password_from>()},
    {.path = "(account).password", .kind = Kind::kRefused, .doc = "password_file or password_env"},
};
// clang-format on

}  // namespace

std::span<const Key> keys_of_account() { return kKeys; }

}  // namespace hf::config::section
