#include "app/admin_client.h"

#include <cerrno>
#include <cstdlib>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/address.h"

namespace hf::app {

namespace {

constexpr timeval kTimeout{30, 0};
constexpr std::size_t kLargestReply = 64U << 20;

class Socket {
 public:
  Socket() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kTimeout, sizeof kTimeout);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kTimeout, sizeof kTimeout);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { ::close(fd_); }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Result<AdminReply> parse(const std::string& text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.") || end == std::string::npos) {
    return Error{ErrorCode::kProtocol, "the admin socket did not answer as HTTP"};
  }
  return AdminReply{std::atoi(text.c_str() + 9), text.substr(end + 4)};
}

}  // namespace

Result<AdminReply> admin_request(const std::string& socket_path, const std::string& method, const std::string& target,
                                 const std::string& body) {
  Result<net::Address> address = net::Address::from_unix_path(socket_path);
  HF_RETURN_IF_ERROR(address);
  Socket socket;
  if (::connect(socket.fd(), address->raw(), address->length()) != 0) {
    const int number = errno;
    Error error = system_error(number, "admin socket " + socket_path);
    error.context += number == EACCES
                         ? "; it is for root, for the gateway's user, and for whom the file's mode lets write"
                         : "; is `holdfast run` running with this configuration?";
    return error;
  }
  const std::string request =
      method + " " + target +
      " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  std::string_view left = request;
  while (!left.empty()) {
    const ssize_t n = ::send(socket.fd(), left.data(), left.size(), MSG_NOSIGNAL);
    if (n <= 0) return system_error(errno, "admin socket " + socket_path);
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  std::string reply;
  char buffer[16384];
  while (reply.size() < kLargestReply) {
    const ssize_t n = ::recv(socket.fd(), buffer, sizeof buffer, 0);
    if (n < 0) return system_error(errno, "admin socket " + socket_path);
    if (n == 0) return parse(reply);
    reply.append(buffer, static_cast<std::size_t>(n));
  }
  return Error{ErrorCode::kOverload, "the admin socket's answer is too large"};
}

std::string percent_encode(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (plain) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

}  // namespace hf::app
