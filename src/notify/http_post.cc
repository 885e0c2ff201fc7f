#include "notify/http_post.h"

#include <algorithm>

#include "notify/one_line.h"

namespace hf::notify {
namespace {

constexpr std::size_t kLongestPath = 2048;
constexpr std::size_t kLongestValue = 512;
constexpr std::size_t kMostInterim = 16 * 1024;

Error broken(const char* why) { return Error{ErrorCode::kProtocol, std::string("the web hook's answer ") + why}; }

/// Without what would end the word on the request line.
std::string request_path(const std::string& path) {
  std::string out;
  for (const char c : std::string_view(path).substr(0, kLongestPath)) {
    if (c > 0x20 && c < 0x7F) out += c;
  }
  return out.starts_with('/') ? out : "/" + out;
}

}  // namespace

std::string render(const HttpPost& post) {
  std::string out = "POST " + request_path(post.path) + " HTTP/1.1\r\n";
  out += "Host: " + one_line(post.host, kLongestValue) + "\r\n";
  out += "User-Agent: holdfast\r\nConnection: close\r\nContent-Type: application/json\r\n";
  if (!post.token.empty()) out += "Authorization: Bearer " + one_line(post.token, 2 * kLongestPath) + "\r\n";
  out += "Content-Length: " + std::to_string(post.body.size()) + "\r\n\r\n";
  return out + post.body;
}

Result<std::optional<int>> HttpStatusReader::receive(ByteView bytes) {
  input_.append(bytes);
  for (;;) {
    Result<std::optional<int>> status = status_line();
    if (!status.ok() || !status->has_value() || **status >= 200) return status;
    const std::size_t end = input_.find("\r\n\r\n");
    if (end == std::string::npos && input_.size() > kMostInterim) return broken("does not end");
    if (end == std::string::npos) return std::optional<int>{};
    skipped_ += end + 4;
    if (skipped_ > kMostInterim) return broken("does not end");
    input_.erase(0, end + 4);
  }
}

Result<std::optional<int>> HttpStatusReader::status_line() {
  const std::size_t end = input_.find('\n');
  if (std::min(end, input_.size()) > kLongestStatusLine) return broken("has a line that is too long");
  if (end == std::string::npos) return std::optional<int>{};
  const std::string_view line = std::string_view(input_).substr(0, end);
  const auto digit = [line](std::size_t i) { return line[i] >= '0' && line[i] <= '9'; };
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ' || !digit(9) || !digit(10) || !digit(11)) {
    return broken("is not HTTP");
  }
  const int status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (status < 100 || status > 599) return broken("has no valid status");
  return std::optional<int>(status);
}

}  // namespace hf::notify
