#include "upstream/mysql_accounts.h"

#include <algorithm>
#include <cctype>

#include "net/address.h"

#include <arpa/inet.h>

namespace hf::upstream {

namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool like(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || lower(pattern[p]) == lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

/// "address/netmask", IPv4 only, as the server has it.
bool network_matches(std::string_view pattern, std::string_view host) {
  const std::size_t slash = pattern.find('/');
  in_addr base{};
  in_addr mask{};
  in_addr address{};
  if (::inet_pton(AF_INET, std::string(pattern.substr(0, slash)).c_str(), &base) != 1) return false;
  if (::inet_pton(AF_INET, std::string(pattern.substr(slash + 1)).c_str(), &mask) != 1) return false;
  if (::inet_pton(AF_INET, std::string(host).c_str(), &address) != 1) return false;
  return (address.s_addr & mask.s_addr) == base.s_addr;
}

/// Orders host patterns as the server does: the later the first wildcard, the more specific.
std::size_t specificity(std::string_view host) {
  const std::size_t wild = host.find_first_of("%_");
  return wild == std::string_view::npos ? 1000 : wild;
}

}  // namespace

bool host_matches(std::string_view pattern, std::string_view host) {
  if (pattern.empty()) return true;
  if (pattern.find('/') != std::string_view::npos) return network_matches(pattern, host);
  if (like(pattern, host)) return true;
  // Without name resolution "localhost" is the Unix socket and the loopback addresses.
  return pattern == "localhost" && (host == "127.0.0.1" || host == "::1");
}

MysqlAccounts::MysqlAccounts(std::vector<MysqlAccount> accounts) : accounts_(std::move(accounts)) {
  std::sort(accounts_.begin(), accounts_.end(), [](const MysqlAccount& a, const MysqlAccount& b) {
    if (a.user != b.user) return a.user < b.user;
    const bool a_ours = a.password.has_value();
    const bool b_ours = b.password.has_value();
    if (a_ours != b_ours) return a_ours;
    if (specificity(a.host) != specificity(b.host)) return specificity(a.host) > specificity(b.host);
    return a.host < b.host;
  });
}

const MysqlAccount* MysqlAccounts::find(std::string_view user, std::string_view host) const {
  auto it = std::lower_bound(accounts_.begin(), accounts_.end(), user,
                             [](const MysqlAccount& account, std::string_view name) { return account.user < name; });
  for (; it != accounts_.end() && it->user == user; ++it) {
    if (host_matches(it->host, host)) return &*it;
  }
  return nullptr;
}

}  // namespace hf::upstream
