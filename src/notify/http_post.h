// HttpPost: the bytes of a web hook: one HTTP/1.1 POST, and the status of what is answered. Pure.
//
// Owner: a delivery. Thread: any.
// Invariants:
//   1. No value can end its header or add one.
//   2. Of the answer only the status line is read, at most kLongestStatusLine bytes of it.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace hf::notify {

struct HttpPost {
  std::string host{};   // "hooks.example:8080"
  std::string path{};   // "/hook?x=1"
  std::string token{};  // bearer token; empty: none
  std::string body{};   // JSON
};

std::string render(const HttpPost& post);

class HttpStatusReader {
 public:
  static constexpr std::size_t kLongestStatusLine = 1024;

  /// nullopt: more is needed. The status, 200 to 599; kProtocol: not an HTTP answer. 1xx answers are skipped over.
  Result<std::optional<int>> receive(ByteView bytes);

 private:
  Result<std::optional<int>> status_line();

  std::string input_;
  std::size_t skipped_ = 0;  // bytes of 1xx answers
};

}  // namespace hf::notify
