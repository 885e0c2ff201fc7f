// RequestParser: bytes of a connection → HTTP/1.x requests, one after the other. Boost.Beast's parser inside.
//
// Owner: one per connection. Thread: the owner's only.
// Invariants:
//   1. Splitting the bytes anywhere gives the same requests.
//   2. Bounds: kMaxHeaderBytes for the request line and headers, kMaxBodyBytes for the body; more is 431 or 413.
//   3. After kBad nothing further is parsed: answer with refusal() and close.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "admin/http_message.h"
#include "base/bytes.h"

namespace hf::admin {

class RequestParser {
 public:
  static constexpr std::uint32_t kMaxHeaderBytes = 16 * 1024;
  static constexpr std::uint64_t kMaxBodyBytes = 1024 * 1024;

  enum class Progress : std::uint8_t { kNeedMore, kComplete, kBad };
  struct Fed {
    std::size_t consumed = 0;  // bytes that belong to this request; the rest is the next one's
    Progress progress = Progress::kNeedMore;
  };

  RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;
  ~RequestParser();

  /// After kComplete take the request, then feed the bytes that were not consumed.
  Fed feed(ByteView bytes);

  /// The complete request; the parser is ready for the next one.
  HttpRequest take();

  /// The client waits for "HTTP/1.1 100 Continue\r\n\r\n" before it sends the body. Says so once per request.
  bool wants_continue();

  /// After kBad: 400, 413 or 431.
  const HttpResponse& refusal() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hf::admin
