#include "topology/mysql/account_loader.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "proto/mysql/auth/ed25519.h"
#include "proto/mysql/auth/native_password.h"

namespace hf::topology::mysql {

namespace auth = proto::mysql::auth;
using upstream::mysql::Account;

namespace {

constexpr const char* kNeedsPassword =
    "' cannot be passed on from a client's proof: its sessions run on the primary alone, each on a connection of its "
    "own; name the account in `users` with a password_file to split and pool them";

constexpr const char* kRequiresTls =
    "the account REQUIREs TLS, which is not offered: the primary is asked, and refuses each login";

/// The member as text; empty when it is missing or no text. Never throws, whatever the servers' JSON holds.
std::string text_of(const nlohmann::json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

/// REQUIRE SSL, X509 or what a certificate must say.
bool requires_tls(const nlohmann::json& priv) {
  const auto member = priv.find("ssl_type");
  return member != priv.end() && member->is_number() && member->get<double>() > 0;
}

bool flag_of(const nlohmann::json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_boolean() && member->get<bool>();
}

/// Whether what we know of the object has the type it should have.
bool is_well_formed(const nlohmann::json& object) {
  for (const auto& [key, member] : object.items()) {
    if ((key == "plugin" || key == "authentication_string") && !member.is_string()) return false;
    if ((key == "account_locked" || key == "is_role") && !member.is_boolean()) return false;
    if (key == "auth_or" && !member.is_array()) return false;
  }
  return true;
}

/// Adds one way to log in. Returns whether it is one we can use.
bool add_method(Account& account, const std::string& plugin, const std::string& secret) {
  if (plugin.empty() || plugin == "mysql_native_password") {
    if (secret.empty()) {
      account.empty_password = true;
      account.native_hash = upstream::mysql::Sha1Digest{};
      return true;
    }
    if (secret == "invalid") return false;
    Result<auth::Sha1Digest> hash = auth::parse_native_hash(secret);
    if (!hash.ok()) return false;
    account.native_hash = *hash;
    return true;
  }
  if (plugin == "ed25519") {
    Result<auth::Ed25519PublicKey> key = auth::parse_ed25519_key(secret);
    if (key.ok()) account.ed25519_public_key = std::string(reinterpret_cast<const char*>(key->data()), key->size());
  }
  return false;
}

constexpr const char* kLimits[] = {"max_questions", "max_updates", "max_connections", "max_user_connections",
                                   "max_statement_time"};

bool has_limits(const nlohmann::json& priv) {
  return std::any_of(std::begin(kLimits), std::end(kLimits), [&](const char* key) {
    const auto member = priv.find(key);
    return member != priv.end() && member->is_number() && member->get<double>() != 0;
  });
}

std::string statement_time_of(const nlohmann::json& priv) {
  const auto member = priv.find("max_statement_time");
  if (member == priv.end() || !member->is_number() || member->get<double>() <= 0) return {};
  std::array<char, 64> shown{};
  std::snprintf(shown.data(), shown.size(), "%.6f", member->get<double>());
  return shown.data();
}

bool has_limits(const proto::mysql::TextResult& rows, std::size_t row) {
  return std::any_of(std::begin(kLimits), std::end(kLimits), [&](const char* key) {
    const std::string value(rows.value(row, key).value_or("0"));
    return std::strtod(value.c_str(), nullptr) != 0;
  });
}

void parse_privileges(Account& account, const std::string& json) {
  const nlohmann::json priv = nlohmann::json::parse(json, nullptr, false);
  if (!priv.is_object() || !is_well_formed(priv)) {
    account.unusable = "its entry in mysql.global_priv is not readable";
    return;
  }
  account.locked = flag_of(priv, "account_locked");
  account.limited = has_limits(priv);
  account.statement_time = statement_time_of(priv);
  const std::string plugin = text_of(priv, "plugin");
  bool usable = add_method(account, plugin, text_of(priv, "authentication_string"));
  const auto alternatives = priv.find("auth_or");
  if (alternatives != priv.end() && alternatives->is_array()) {
    for (const nlohmann::json& method : *alternatives) {
      if (!method.is_object() || method.empty() || !is_well_formed(method)) continue;
      usable = add_method(account, text_of(method, "plugin"), text_of(method, "authentication_string")) || usable;
    }
  }
  if (!usable) account.unusable = "authentication plugin '" + plugin + kNeedsPassword;
  if (requires_tls(priv)) account.unusable = kRequiresTls;
}

bool is_role(const std::string& json) {
  const nlohmann::json priv = nlohmann::json::parse(json, nullptr, false);
  return priv.is_object() && flag_of(priv, "is_role");
}

}  // namespace

std::vector<Account> parse_accounts(const proto::mysql::TextResult& rows) {
  std::vector<Account> accounts;
  const bool mariadb = rows.column("Priv").has_value();
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    Account account;
    account.user = rows.value(row, "User").value_or("");
    account.host = rows.value(row, "Host").value_or("%");
    if (account.user.empty() || account.host.empty()) continue;  // anonymous users and roles are not logins of ours
    if (mariadb) {
      const std::string json(rows.value(row, "Priv").value_or("{}"));
      if (is_role(json)) continue;
      parse_privileges(account, json);
    } else {
      account.locked = rows.value(row, "account_locked").value_or("N") == "Y";
      account.limited = has_limits(rows, row);
      const std::string plugin(rows.value(row, "plugin").value_or(""));
      if (!add_method(account, plugin, std::string(rows.value(row, "authentication_string").value_or("")))) {
        account.unusable = "authentication plugin '" + plugin + kNeedsPassword;
      }
    }
    accounts.push_back(std::move(account));
  }
  return accounts;
}

std::vector<std::string> shared_names(const proto::mysql::TextResult& accounts) {
  std::map<std::string, int> count;
  for (std::size_t row = 0; row < accounts.rows.size(); ++row) {
    ++count[std::string(accounts.value(row, "User").value_or(""))];
  }
  std::vector<std::string> shared;
  for (const auto& [name, times] : count) {
    if (times > 1) shared.push_back(name);
  }
  return shared;
}

std::string live_rights_query(const AccountTable& table, const std::vector<std::string>& names) {
  std::string query = std::string(table.query) + " WHERE User IN (''";
  for (const std::string& name : names) {
    if (name.empty()) continue;
    query += ",0x" + to_hex(name);  // whatever bytes it has
  }
  return query + ") ORDER BY 1, 2, 3, 4, 5";
}

std::string digest_of(std::string_view content) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

AccountDigests::AccountDigests(const std::vector<AccountRows>& tables) : tables_(tables), by_user_(tables.size()) {
  for (std::size_t table = 0; table < tables_.size(); ++table) {
    const proto::mysql::TextResult& rows = tables_[table].rows;
    for (std::size_t row = 0; row < rows.rows.size(); ++row) {
      by_user_[table][std::string(rows.value(row, "User").value_or(""))].push_back(row);
    }
  }
}

/// Cells with their lengths, so that no two rows look alike. `host`: only that host pattern's rows; nullptr: any.
void AccountDigests::add_rows(std::string& content, std::size_t table, const std::string& user,
                              const std::string* host) const {
  const auto found = by_user_[table].find(user);
  if (found == by_user_[table].end()) return;
  const proto::mysql::TextResult& rows = tables_[table].rows;
  for (const std::size_t row : found->second) {
    if (host != nullptr && rows.value(row, "Host").value_or("") != *host) continue;
    content += 't' + std::to_string(table);
    for (const std::optional<std::string>& cell : rows.rows[row]) {
      content += cell ? ' ' + std::to_string(cell->size()) + ':' + *cell : " -";
    }
    content += '\n';
  }
}

/// Roles granted to the account, to these roles, and so on; and PUBLIC, which everybody has. Sorted.
std::vector<std::string> AccountDigests::roles_of(const std::string& user, const std::string& host) const {
  std::set<std::string> roles{"PUBLIC"};
  std::vector<std::pair<std::string, const std::string*>> grantees{{user, &host}, {"PUBLIC", nullptr}};
  while (!grantees.empty()) {
    const auto [grantee, only_host] = grantees.back();
    grantees.pop_back();
    for (std::size_t table = 0; table < tables_.size(); ++table) {
      if (tables_[table].kind != AccountTableKind::kRoles) continue;
      const auto found = by_user_[table].find(grantee);
      if (found == by_user_[table].end()) continue;
      const proto::mysql::TextResult& rows = tables_[table].rows;
      for (const std::size_t row : found->second) {
        if (only_host != nullptr && rows.value(row, "Host").value_or("") != *only_host) continue;
        const std::string role(rows.value(row, "Role").value_or(""));
        if (roles.insert(role).second) grantees.emplace_back(role, nullptr);
      }
    }
  }
  return {roles.begin(), roles.end()};
}

std::string AccountDigests::rights_of(const std::string& user, const std::string& host) const {
  constexpr std::array<std::string_view, 4> kWhose = {"User", "Host", "authentication_string", "password_last_changed"};
  constexpr std::array<const char*, 5> kProof = {"plugin", "authentication_string", "auth_or", "password_last_changed",
                                                 "password_lifetime"};
  const auto unread = [](const AccountRows& table) { return table.unread; };
  if (std::any_of(tables_.begin(), tables_.end(), unread)) return {};
  std::string content = "rights\n";
  for (std::size_t table = 0; table < tables_.size(); ++table) {
    const auto found = by_user_[table].find(user);
    if (found == by_user_[table].end()) continue;
    const proto::mysql::TextResult& rows = tables_[table].rows;
    for (const std::size_t row : found->second) {
      if (rows.value(row, "Host").value_or("") != host) continue;
      content += 't' + std::to_string(table);
      for (std::size_t i = 0; i < rows.rows[row].size(); ++i) {
        const std::string_view column = rows.columns[i];
        if (std::find(kWhose.begin(), kWhose.end(), column) != kWhose.end()) continue;
        std::string cell = rows.rows[row][i].value_or("");
        nlohmann::json priv = column == "Priv" ? nlohmann::json::parse(cell, nullptr, false) : nlohmann::json();
        if (priv.is_object()) {
          for (const char* key : kProof) priv.erase(key);
          cell = priv.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        }
        content += ' ' + std::to_string(cell.size()) + ':' + cell;
      }
      content += '\n';
    }
  }
  return content;
}

std::string AccountDigests::of(const std::string& user, const std::string& host) const {
  std::string content = user + '\n' + host + '\n';
  const std::vector<std::string> roles = roles_of(user, host);
  for (std::size_t table = 0; table < tables_.size(); ++table) {
    if (tables_[table].kind == AccountTableKind::kLive) continue;
    const bool any_host = tables_[table].kind == AccountTableKind::kRights;
    add_rows(content, table, user, any_host ? nullptr : &host);
    if (any_host) add_rows(content, table, "", nullptr);
    for (const std::string& role : roles) {
      if (role != user) add_rows(content, table, role, nullptr);
    }
  }
  return digest_of(content);
}

}  // namespace hf::topology::mysql
