#include "upstream/mysql/accounts.h"

#include <algorithm>
#include <cctype>

#include "net/address.h"

#include <arpa/inet.h>

namespace hf::upstream::mysql {

namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool is_escape(std::string_view pattern, std::size_t at) { return pattern[at] == '\\' && at + 1 < pattern.size(); }

bool like(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && is_escape(pattern, p) && lower(pattern[p + 1]) == lower(text[t])) {
      p += 2;
      ++t;
    } else if (p < pattern.size() && !is_escape(pattern, p) &&
               (pattern[p] == '_' || lower(pattern[p]) == lower(text[t]))) {
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

/// How many hosts a pattern matches, to be compared from the left; the server tries the narrowest first. It counts
/// strings up to the longest host name: a '_' multiplies them, a '%' takes whatever length the rest leaves. What is
/// even then goes by the length before the first wildcard, the shorter first, and then by the text, the greater first.
/// Checked against MariaDB 10.11.
using Breadth = std::array<std::size_t, 4>;

Breadth breadth_of(std::string_view host) {
  constexpr std::size_t kLongestHost = 255;
  constexpr std::size_t kMostCounted = 31;
  std::size_t plain = 0;
  std::size_t ones = 0;
  std::size_t runs = 0;
  std::size_t before = 0;
  for (std::size_t i = 0; i < host.size(); ++i) {
    const bool wild = host[i] == '%' || host[i] == '_';
    if (wild && ones == 0 && runs == 0) before = plain;
    if (host[i] == '_') {
      ++ones;
    } else if (host[i] == '%') {
      ++runs;
      while (i + 1 < host.size() && host[i + 1] == '%') ++i;
    } else {
      if (is_escape(host, i)) ++i;
      ++plain;
    }
  }
  ones = std::min(ones, kMostCounted);
  runs = std::min(runs, kMostCounted);
  const std::size_t left = runs == 0 ? 0 : kLongestHost - std::min(kLongestHost, plain + ones);
  if (left > ones) return {2 * left + 1, runs, ones, before};
  return {2 * ones, left, runs, before};
}

}  // namespace

bool host_matches(std::string_view pattern, std::string_view host) {
  if (pattern.empty()) return true;
  if (pattern.find('/') != std::string_view::npos) return network_matches(pattern, host);
  if (like(pattern, host)) return true;
  // Without name resolution "localhost" is the Unix socket and the loopback addresses.
  return pattern == "localhost" && (host == "127.0.0.1" || host == "::1");
}

Accounts::Accounts(std::vector<Account> accounts) : accounts_(std::move(accounts)) {
  std::sort(accounts_.begin(), accounts_.end(), [](const Account& a, const Account& b) {
    if (a.user != b.user) return a.user < b.user;
    const bool a_ours = a.password.has_value();
    const bool b_ours = b.password.has_value();
    if (a_ours != b_ours) return a_ours;
    const Breadth a_breadth = breadth_of(a.host);
    const Breadth b_breadth = breadth_of(b.host);
    if (a_breadth != b_breadth) return a_breadth < b_breadth;
    return a.host > b.host;
  });
}

const Account* Accounts::find(std::string_view user, std::string_view host) const {
  auto it = std::lower_bound(accounts_.begin(), accounts_.end(), user,
                             [](const Account& account, std::string_view name) { return account.user < name; });
  for (; it != accounts_.end() && it->user == user; ++it) {
    if (host_matches(it->host, host)) return &*it;
  }
  return nullptr;
}

const Account* Accounts::exactly(std::string_view user, std::string_view host) const {
  const auto same = [&](const Account& account) { return account.user == user && account.host == host; };
  const auto found = std::find_if(accounts_.begin(), accounts_.end(), same);
  return found == accounts_.end() ? nullptr : &*found;
}

}  // namespace hf::upstream::mysql
