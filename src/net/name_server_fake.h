// NameServerFake: a name server on the loopback, over UDP and TCP of one port, that answers as the test says.
//
// Owner: the test. Thread: that of its loop.
// Invariant: it keeps every question it was asked; a question that nothing is said about draws no answer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/event_loop.h"

namespace hf::net {

enum class Asked : std::uint16_t { kA = 1, kAaaa = 28 };

struct Question {
  std::string name;
  Asked type;
  bool over_tcp;
  std::string bytes;  // the whole message
};

/// A reply to a question, record by record.
class Reply {
 public:
  explicit Reply(const Question& question) : question_(question) {}
  /// `address` in network order: 4 bytes or 16.
  Reply& address(const std::string& owner, const std::string& address, std::uint32_t life);
  Reply& alias(const std::string& owner, const std::string& target, std::uint32_t life);
  Reply& code(std::uint8_t code);
  Reply& truncated();
  Reply& wrong_id();
  std::string bytes() const;

 private:
  void record(const std::string& owner, std::uint16_t type, std::uint32_t life, const std::string& data);

  const Question& question_;
  std::string records_;
  std::uint16_t count_ = 0;
  std::uint8_t code_ = 0;
  bool truncated_ = false;
  std::uint16_t id_shift_ = 0;
};

class NameServerFake {
 public:
  /// The messages to send back, in order.
  using Answer = std::function<std::vector<std::string>(const Question&)>;

  explicit NameServerFake(runtime::EventLoop& loop);
  NameServerFake(const NameServerFake&) = delete;
  NameServerFake& operator=(const NameServerFake&) = delete;
  ~NameServerFake();

  void answer(Answer answer) { answer_ = std::move(answer); }
  /// Each message over TCP goes out byte by byte, a turn of the loop between two.
  void dribble() { dribbles_ = true; }
  /// Closes its sockets: the port is refused from now on.
  void die();
  std::uint16_t port() const { return port_; }
  const std::vector<Question>& asked() const { return asked_; }

 private:
  class Udp;
  class Listening;
  class Connection;

  std::vector<std::string> take(const std::string& message, bool over_tcp);

  runtime::EventLoop& loop_;
  std::uint16_t port_ = 0;
  Answer answer_;
  bool dribbles_ = false;
  std::vector<Question> asked_;
  std::unique_ptr<Udp> udp_;
  std::unique_ptr<Listening> listening_;
  std::map<int, std::unique_ptr<Connection>> connections_;
};

}  // namespace hf::net
