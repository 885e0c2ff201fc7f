// Accounts: who may log in to a service, and what we know of their secrets. Immutable; replaced whole.
//
// Thread: any. Invariant: a lookup answers as the server would: the host pattern that the fewest addresses match wins,
// an account without host pattern (from our own file) comes first.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hf::upstream::mysql {

using Sha1Digest = std::array<std::uint8_t, 20>;

struct Account {
  /// The pool's key: names the account as it is now, user, host pattern, secret and rights. Another id after any change
  /// of what a login caches, one that was never given before; the same while nothing changes
  /// (topology/mysql/account_book.h).
  std::uint32_t id = 0;
  std::string user;
  std::string host = "%";                         // host pattern, as the server's: % and _ wildcards
  std::optional<std::string> password;            // clear text, from our own files
  std::optional<Sha1Digest> native_hash;          // SHA1(SHA1(password)), from the servers; all zero bytes: no password
  std::optional<std::string> ed25519_public_key;  // 32 bytes, from the servers
  bool empty_password = false;
  bool locked = false;
  bool of_servers = false;  // from their tables: they may take our address for another account's
  // digest of all it may do, of accounts that share their name with others; empty: not known
  std::string rights;
  bool limited = false;  // has limits of its own (MAX_USER_CONNECTIONS, …_PER_HOUR, MAX_STATEMENT_TIME)
  // MAX_STATEMENT_TIME as @@max_statement_time shows it, "0.500000"; empty: the global variable's
  std::string statement_time;
  std::string unusable;  // why nobody can log in with it through us; empty: usable
};

class Accounts {
 public:
  Accounts() = default;
  explicit Accounts(std::vector<Account> accounts);

  /// The account a client of this name and address ("127.0.0.1", "localhost") logs in as; nullptr when there is none.
  const Account* find(std::string_view user, std::string_view host) const;
  /// The account with exactly this host pattern.
  const Account* exactly(std::string_view user, std::string_view host) const;
  const std::vector<Account>& all() const { return accounts_; }

 private:
  std::vector<Account> accounts_;  // by user, then most specific host first
};

/// MySQL's LIKE-style host match: '%' any run, '_' any one character, '\' before either takes it as it is;
/// "198.18.0.0/255.254.0.0" a network. Case-blind.
bool host_matches(std::string_view pattern, std::string_view host);

}  // namespace hf::upstream::mysql
