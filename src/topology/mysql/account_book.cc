#include "topology/mysql/account_book.h"

#include <algorithm>
#include <set>

namespace hf::topology::mysql {

using upstream::mysql::Account;

AccountBook::AccountBook() : accounts_(std::make_shared<const upstream::mysql::Accounts>()) {}

void AccountBook::configure(const config::Mysql& settings) {
  if (listed_ == settings.users && from_servers_ == settings.users_from_servers) return;
  listed_ = settings.users;
  from_servers_ = settings.users_from_servers;
  assemble();
}

bool AccountBook::take(const std::vector<AccountRows>& tables) {
  std::string content;
  for (const AccountRows& table : tables) {
    content += 'T' + std::to_string(static_cast<int>(table.kind)) + (table.unread ? "unread" : "");
    for (const auto& row : table.rows.rows) {
      for (const std::optional<std::string>& cell : row) {
        content += cell ? ' ' + std::to_string(cell->size()) + ':' + *cell : " -";
      }
      content += '\n';
    }
  }
  std::string digest = digest_of(content);
  if (digest == servers_digest_) return false;
  servers_digest_ = std::move(digest);
  servers_ = parse_accounts(tables.front().rows);
  for (Account& account : servers_) account.of_servers = true;
  digests_.clear();
  const AccountDigests digests(tables);
  for (const Account& account : servers_) {
    digests_[{account.user, account.host}] = digests.of(account.user, account.host);
  }
  mark_doubles(digests);
  assemble();
  return true;
}

/// A connection of one of them may be another's that may do the same. Once that one may do other things, they need
/// other connections.
void AccountBook::mark_doubles(const AccountDigests& digests) {
  std::map<std::string, std::vector<Account*>> by_user;
  for (Account& account : servers_) by_user[account.user].push_back(&account);
  for (const auto& [user, accounts] : by_user) {
    if (accounts.size() == 1) continue;
    for (Account* account : accounts) {
      const std::string rights = digests.rights_of(user, account->host);
      if (!rights.empty()) account->rights = digest_of(rights);
    }
    for (const Account* account : accounts) {
      for (const Account* other : accounts) {
        if (other != account && !account->rights.empty() && other->rights == account->rights) {
          digests_[{user, account->host}] += ' ' + other->host;
        }
      }
    }
  }
}

void AccountBook::forget_servers() {
  if (servers_digest_.empty()) return;
  servers_digest_.clear();
  servers_.clear();
  digests_.clear();
  told_unusable_.clear();
  assemble();
}

std::uint32_t AccountBook::id_of(const Key& key, const std::string& digest) {
  Known& known = known_[key];
  if (known.digest != digest) known = {digest, ++ids_};
  return known.id;
}

Account AccountBook::listed(const config::Account& own) {
  Account account;
  account.user = own.user;
  account.password = own.password;
  account.empty_password = own.password.empty();
  std::string content = std::to_string(own.password.size()) + ':' + own.password;
  for (const Account& there : servers_) {
    if (there.user != own.user) continue;
    content += digests_.at({there.user, there.host});
    account.limited = account.limited || there.limited;
    if (account.statement_time.empty()) account.statement_time = there.statement_time;
  }
  account.id = id_of({own.user, ""}, digest_of(content));
  return account;
}

void AccountBook::assemble() {
  std::set<Key> present;
  std::vector<Account> all;
  for (const config::Account& own : listed_) {
    present.insert({own.user, ""});
    all.push_back(listed(own));
  }
  for (const Account& there : servers_) {
    const bool hidden = present.contains({there.user, ""});
    if (!from_servers_ || hidden) continue;
    present.insert({there.user, there.host});
    Account account = there;
    account.id = id_of({there.user, there.host}, digests_.at({there.user, there.host}));
    all.push_back(std::move(account));
  }
  for (auto& [key, known] : known_) {
    if (!present.contains(key)) known.digest.clear();  // should it come back it is another
  }
  accounts_ = std::make_shared<const upstream::mysql::Accounts>(std::move(all));
}

std::vector<const Account*> AccountBook::newly_unusable() {
  std::vector<const Account*> found;
  if (!from_servers_) return found;
  std::map<Key, std::string> told;
  for (const Account& account : servers_) {
    if (account.unusable.empty()) continue;
    const Key key{account.user, account.host};
    const auto before = told_unusable_.find(key);
    if (before == told_unusable_.end() || before->second != account.unusable) found.push_back(&account);
    told[key] = account.unusable;
  }
  told_unusable_ = std::move(told);
  return found;
}

}  // namespace hf::topology::mysql
