#include "net/name_server_fake.h"

#include <algorithm>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "net/address.h"

namespace hf::net {

namespace {

constexpr std::size_t kHeader = 12;

std::string u16(unsigned value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)}; }
unsigned u16_at(const std::string& bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]) * 256U + static_cast<unsigned char>(bytes[at + 1]);
}

std::string labels(const std::string& name) {
  std::string bytes;
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    bytes += static_cast<char>(end - begin) + name.substr(begin, end - begin);
    begin = end + 1;
  }
  return bytes + '\0';
}

}  // namespace

void Reply::record(const std::string& owner, std::uint16_t type, std::uint32_t life, const std::string& data) {
  records_ += labels(owner) + u16(type) + u16(1) + u16(life >> 16) + u16(life & 0xFFFF) +
              u16(static_cast<unsigned>(data.size())) + data;
  ++count_;
}

Reply& Reply::address(const std::string& owner, const std::string& address, std::uint32_t life) {
  record(owner, address.size() == 4 ? 1 : 28, life, address);
  return *this;
}

Reply& Reply::alias(const std::string& owner, const std::string& target, std::uint32_t life) {
  record(owner, 5, life, labels(target));
  return *this;
}

Reply& Reply::code(std::uint8_t code) {
  code_ = code;
  return *this;
}

Reply& Reply::truncated() {
  truncated_ = true;
  return *this;
}

Reply& Reply::wrong_id() {
  id_shift_ = 1;
  return *this;
}

std::string Reply::bytes() const {
  const unsigned id = (u16_at(question_.bytes, 0) + id_shift_) & 0xFFFF;
  const unsigned flags = 0x8180U | (truncated_ ? 0x0200U : 0U) | code_;
  const std::string asked = labels(question_.name) + u16(static_cast<unsigned>(question_.type)) + u16(1);
  return u16(id) + u16(flags) + u16(1) + u16(count_) + u16(0) + u16(0) + asked + records_;
}

class NameServerFake::Udp final : public runtime::IoHandler {
 public:
  Udp(NameServerFake& server, int fd) : server_(server), fd_(fd) {
    HF_CHECK(server_.loop_.poller().add(fd_, *this).ok());
  }
  ~Udp() {
    server_.loop_.poller().remove(fd_, *this);
    ::close(fd_);
  }
  void on_ready(std::uint32_t /*readiness*/) override {
    char buffer[2048];
    sockaddr_storage peer{};
    for (;;) {
      socklen_t length = sizeof peer;
      const ssize_t got =
          ::recvfrom(fd_, buffer, sizeof buffer, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&peer), &length);
      if (got < 0) return;
      for (const std::string& message : server_.take(std::string(buffer, static_cast<std::size_t>(got)), false)) {
        (void)!::sendto(fd_, message.data(), message.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&peer),
                        length);
      }
    }
  }

 private:
  NameServerFake& server_;
  int fd_;
};

class NameServerFake::Connection final : public runtime::IoHandler {
 public:
  Connection(NameServerFake& server, int fd) : server_(server), fd_(fd) {
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    HF_CHECK(server_.loop_.poller().add(fd_, *this).ok());
  }
  ~Connection() {
    server_.loop_.poller().remove(fd_, *this);
    server_.loop_.forget(*this);
    ::close(fd_);
  }
  void on_ready(std::uint32_t /*readiness*/) override {
    char buffer[2048];
    for (ssize_t got = 0; (got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) {
      in_.append(buffer, static_cast<std::size_t>(got));
    }
    while (in_.size() >= 2 && in_.size() >= 2 + u16_at(in_, 0)) {
      const std::size_t size = u16_at(in_, 0);
      for (const std::string& message : server_.take(in_.substr(2, size), true)) {
        out_ += u16(static_cast<unsigned>(message.size())) + message;
      }
      in_.erase(0, 2 + size);
    }
    const std::size_t piece = server_.dribbles_ ? std::min<std::size_t>(1, out_.size()) : out_.size();
    (void)!::send(fd_, out_.data(), piece, MSG_DONTWAIT | MSG_NOSIGNAL);
    out_.erase(0, piece);
    if (!out_.empty()) server_.loop_.ready_next_turn(*this, 0);
  }

 private:
  NameServerFake& server_;
  int fd_;
  std::string in_;
  std::string out_;
};

class NameServerFake::Listening final : public runtime::IoHandler {
 public:
  Listening(NameServerFake& server, int fd) : server_(server), fd_(fd) {
    HF_CHECK(server_.loop_.poller().add(fd_, *this).ok());
  }
  ~Listening() {
    server_.loop_.poller().remove(fd_, *this);
    ::close(fd_);
  }
  void on_ready(std::uint32_t /*readiness*/) override {
    for (int fd = 0; (fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      server_.connections_[fd] = std::make_unique<Connection>(server_, fd);
    }
  }

 private:
  NameServerFake& server_;
  int fd_;
};

NameServerFake::NameServerFake(runtime::EventLoop& loop) : loop_(loop) {
  constexpr int kTries = 20;  // the port that UDP was given may be somebody's over TCP
  for (int i = 0; i < kTries && listening_ == nullptr; ++i) {
    const int udp = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int tcp = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const Address any = Address::from_ip("127.0.0.1", 0).value();
    HF_CHECK(::bind(udp, any.raw(), any.length()) == 0);
    const Address chosen = Address::local_of(udp).value();
    if (::bind(tcp, chosen.raw(), chosen.length()) != 0 || ::listen(tcp, 16) != 0) {
      ::close(udp);
      ::close(tcp);
      continue;
    }
    port_ = chosen.port();
    udp_ = std::make_unique<Udp>(*this, udp);
    listening_ = std::make_unique<Listening>(*this, tcp);
  }
  HF_CHECK(listening_ != nullptr);
}

NameServerFake::~NameServerFake() = default;

void NameServerFake::die() {
  connections_.clear();
  listening_.reset();
  udp_.reset();
}

std::vector<std::string> NameServerFake::take(const std::string& message, bool over_tcp) {
  Question question{{}, Asked::kA, over_tcp, message};
  std::size_t at = kHeader;
  while (at < message.size() && message[at] != 0) {
    const auto length = static_cast<std::size_t>(message[at]);
    question.name += (question.name.empty() ? "" : ".") + message.substr(at + 1, length);
    at += length + 1;
  }
  if (at + 2 >= message.size()) return {};
  question.type = static_cast<Asked>(u16_at(message, at + 1));
  asked_.push_back(question);
  return answer_ == nullptr ? std::vector<std::string>{} : answer_(question);
}

}  // namespace hf::net
