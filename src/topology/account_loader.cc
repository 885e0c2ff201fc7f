#include "topology/account_loader.h"

#include <nlohmann/json.hpp>

#include "proto/mysql/auth/ed25519.h"
#include "proto/mysql/auth/native_password.h"

namespace hf::topology {

namespace auth = proto::mysql::auth;
using upstream::MysqlAccount;

namespace {

constexpr const char* kNeedsPassword =
    "' cannot be passed on from a client's proof: its sessions run on the primary alone, each on a connection of its own; name the account in `users` with a password_file to split and pool them";

/// The member as text; empty when it is missing or no text. Never throws, whatever the servers' JSON holds.
std::string text_of(const nlohmann::json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
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
bool add_method(MysqlAccount& account, const std::string& plugin, const std::string& secret) {
  if (plugin.empty() || plugin == "mysql_native_password") {
    if (secret.empty()) {
      account.empty_password = true;
      account.native_hash = upstream::Sha1Digest{};
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

void parse_privileges(MysqlAccount& account, const std::string& json) {
  const nlohmann::json priv = nlohmann::json::parse(json, nullptr, false);
  if (!priv.is_object() || !is_well_formed(priv)) {
    account.unusable = "its entry in mysql.global_priv is not readable";
    return;
  }
  account.locked = flag_of(priv, "account_locked");
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
}

bool is_role(const std::string& json) {
  const nlohmann::json priv = nlohmann::json::parse(json, nullptr, false);
  return priv.is_object() && flag_of(priv, "is_role");
}

}  // namespace

std::vector<MysqlAccount> parse_accounts(const proto::mysql::TextResult& rows) {
  std::vector<MysqlAccount> accounts;
  const bool mariadb = rows.column("Priv").has_value();
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    MysqlAccount account;
    account.user = rows.value(row, "User").value_or("");
    account.host = rows.value(row, "Host").value_or("%");
    if (account.user.empty() || account.host.empty()) continue;  // anonymous users and roles are not logins of ours
    if (mariadb) {
      const std::string json(rows.value(row, "Priv").value_or("{}"));
      if (is_role(json)) continue;
      parse_privileges(account, json);
    } else {
      account.locked = rows.value(row, "account_locked").value_or("N") == "Y";
      const std::string plugin(rows.value(row, "plugin").value_or(""));
      if (!add_method(account, plugin, std::string(rows.value(row, "authentication_string").value_or("")))) {
        account.unusable = "authentication plugin '" + plugin + kNeedsPassword;
      }
    }
    accounts.push_back(std::move(account));
  }
  return accounts;
}

}  // namespace hf::topology
