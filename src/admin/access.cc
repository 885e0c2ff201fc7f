#include "admin/access.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace hf::admin {
namespace {

std::optional<std::string> base64_decode(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xFFFFFFU;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(bits >> held & 0xFFU));
  }
  return out;
}

/// "Bearer xyz" with scheme "Bearer" is "xyz".
std::optional<std::string_view> after_scheme(std::string_view value, std::string_view scheme) {
  if (value.size() <= scheme.size() || value[scheme.size()] != ' ') return std::nullopt;
  if (!equals_ignoring_case(value.substr(0, scheme.size()), scheme)) return std::nullopt;
  value.remove_prefix(scheme.size());
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  return value;
}

std::optional<std::string> account_of(std::string_view authorization, const Credentials& credentials) {
  if (!credentials.token.empty()) {
    const auto token = after_scheme(authorization, "Bearer");
    if (token && equal_in_constant_time(*token, credentials.token)) return "token";
  }
  if (credentials.user.empty()) return std::nullopt;
  const auto encoded = after_scheme(authorization, "Basic");
  const auto pair = encoded ? base64_decode(*encoded) : std::nullopt;
  if (!pair) return std::nullopt;
  return equal_in_constant_time(*pair, credentials.user + ":" + credentials.password) ? std::optional(credentials.user)
                                                                                      : std::nullopt;
}

Refused refuse(int status, std::string reason) { return Refused{error_response(status, reason), reason}; }

Refused ask_for_credentials(const Credentials& credentials, std::string reason) {
  Refused refused = refuse(401, std::move(reason));
  if (!credentials.token.empty()) refused.response.headers.push_back({"WWW-Authenticate", "Bearer realm=\"holdfast\""});
  if (!credentials.user.empty()) {
    refused.response.headers.push_back({"WWW-Authenticate", "Basic realm=\"holdfast\", charset=\"UTF-8\""});
  }
  return refused;
}

/// "127.0.0.1:9400", "[::1]:9400", "localhost": nothing that DNS could have been asked for.
bool is_numeric_host(std::string_view host) {
  if (host.starts_with('[')) return host.find(']') != std::string_view::npos;
  const std::string_view name = host.substr(0, host.find(':'));
  if (equals_ignoring_case(name, "localhost")) return true;
  return !name.empty() && std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

/// Why a browser's request comes from a page that is not ours; empty when it does not.
std::string foreign_origin(const HttpRequest& request, std::string_view host) {
  const auto site = request.header("Sec-Fetch-Site");
  if (site && *site != "same-origin" && *site != "none") return "the request was made by a page of another site";
  const auto origin = request.header("Origin");
  if (!origin) return {};
  const std::size_t scheme = origin->find("://");
  const bool same = scheme != std::string_view::npos && equals_ignoring_case(origin->substr(scheme + 3), host);
  return same ? std::string() : "the request was made by a page of another origin";
}

}  // namespace

bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto expected = static_cast<unsigned char>(secret.empty() ? 0 : secret[i % secret.size()]);
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i]) ^ expected);
  }
  return difference == 0;
}

bool may_use_socket(const SocketPeer& peer, const SocketFile& file, uid_t own_uid) {
  if (peer.uid == 0 || peer.uid == own_uid) return true;
  if (peer.uid == file.owner) return (file.mode & S_IWUSR) != 0;
  const bool member = peer.gid == file.group || std::ranges::find(peer.groups, file.group) != peer.groups.end();
  return (file.mode & (member ? S_IWGRP : S_IWOTH)) != 0;
}

Access check_access(const HttpRequest& request, const Credentials& credentials, const Visitor& visitor, Effect effect) {
  if (effect == Effect::kOpen) return Granted{};
  const std::string_view host = request.header("Host").value_or("");
  if (request.minor_version >= 1 && host.empty() && !request.header("Host")) {
    return refuse(400, "the Host header is missing");
  }
  if (visitor.transport == Transport::kUnixSocket) {
    if (visitor.trusted) return Granted{};
    return refuse(403, "the admin socket is not for " + visitor.peer +
                           ": ask as root, as the gateway's user, or as one whom the socket file's mode lets write");
  }

  if (!is_read(request)) {
    std::string reason = foreign_origin(request, host);
    if (!reason.empty()) return refuse(403, std::move(reason));
  }
  if (!credentials.any()) {
    if (!host.empty() && !is_numeric_host(host)) {
      return refuse(403, "without a token or account the admin interface answers under an address or localhost only");
    }
    if (effect == Effect::kShows) return Granted{};
    return refuse(403,
                  "without a token or account the admin interface only shows over HTTP; give commands with the command "
                  "line on this machine, which goes through the Unix socket, or set admin.token_file or admin.account");
  }
  const auto authorization = request.header("Authorization");
  if (!authorization) return ask_for_credentials(credentials, "credentials are missing");
  auto account = account_of(*authorization, credentials);
  if (!account) return ask_for_credentials(credentials, "the credentials are wrong");
  return Granted{std::move(*account)};
}

}  // namespace hf::admin
