// Result<T>: a value or an Error. What every fallible function of ours returns; we throw nothing.
//
// Owner: whoever holds it. Thread: any (plain values).
// Invariants:
//   1. A Result holds exactly one of value and error.
//   2. Error::context is for people: it names the thing that failed and why, in words fit for a client's error message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/assert.h"

namespace hf {

enum class ErrorCode : std::uint8_t {
  kInvalidArgument,  // the caller's or the operator's input is wrong
  kProtocol,         // bytes from a peer break the protocol
  kClosed,           // the peer closed the connection in order
  kReset,            // the connection broke
  kRefused,          // connect was refused, or the peer said no
  kUnreachable,      // no route, no host
  kTimeout,          // a deadline passed
  kCancelled,        // our own side gave the work up
  kOverload,         // a bound of ours was reached
  kNoPlace,          // all connections that a server's limit allows are in use; said by the limit alone
  kAccessDenied,     // credentials or addresses not allowed
  kNotFound,
  kExists,
  kExhausted,  // out of file descriptors, ports, room in a queue of the kernel's
  kOutOfMemory,
  kUnsupported,
  kSystem,  // an errno that fits nothing above
};

std::string_view to_string(ErrorCode code);

/// What a peer has said with its refusal, in its protocol's own terms.
struct PeerSaid {
  std::uint16_t code = 0;
  std::string sqlstate;  // MySQL's
  std::string words;
  friend bool operator==(const PeerSaid&, const PeerSaid&) = default;
};

/// A PeerSaid or none, copied with its owner. One pointer wide: an Error lies many times in the frames of an idle
/// client.
class PeerSaidPtr {
 public:
  PeerSaidPtr() = default;
  explicit PeerSaidPtr(PeerSaid said) : said_(std::make_unique<const PeerSaid>(std::move(said))) {}
  PeerSaidPtr(const PeerSaidPtr& other)
      : said_(other.said_ == nullptr ? nullptr : std::make_unique<const PeerSaid>(*other.said_)) {}
  PeerSaidPtr(PeerSaidPtr&&) noexcept = default;
  PeerSaidPtr& operator=(PeerSaidPtr other) noexcept {
    said_ = std::move(other.said_);
    return *this;
  }
  ~PeerSaidPtr() = default;

  const PeerSaid& operator*() const { return *said_; }
  const PeerSaid* operator->() const { return said_.get(); }
  friend bool operator==(const PeerSaidPtr& pointer, std::nullptr_t) { return pointer.said_ == nullptr; }

 private:
  std::unique_ptr<const PeerSaid> said_;
};

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kSystem;
  std::string context;
  PeerSaidPtr said{};

  /// 0: none.
  std::uint16_t peer_code() const { return said == nullptr ? std::uint16_t{0} : said->code; }
  /// The same, with words before its context: "server 'db1': …".
  Error in(std::string_view what) && {
    context.insert(0, std::string(what) + ": ");
    return std::move(*this);
  }
};

/// A peer's refusal.
inline Error refused_by_peer(ErrorCode code, std::string context, PeerSaid said) {
  return Error{code, std::move(context), PeerSaidPtr(std::move(said))};
}

/// Maps an errno of a socket or file call to an Error whose context is "what: strerror".
Error system_error(int error_number, std::string_view what);

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)
  Result(ErrorCode code, std::string context) : state_(std::in_place_index<1>, Error{code, std::move(context)}) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    HF_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    HF_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    HF_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & {
    HF_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  const Error& error() const& {
    HF_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    HF_CHECK(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  Result(ErrorCode code, std::string context) : error_(Error{code, std::move(context)}) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  Error& error() & {
    HF_CHECK(!ok());
    return *error_;
  }
  const Error& error() const& {
    HF_CHECK(!ok());
    return *error_;
  }
  Error&& error() && {
    HF_CHECK(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace hf

// Statement macros: leave the enclosing function (or coroutine) with the error.
#define HF_RETURN_IF_ERROR(result_expression)                   \
  do {                                                          \
    auto hf_result_ = (result_expression);                      \
    if (!hf_result_.ok()) return std::move(hf_result_).error(); \
  } while (false)

#define HF_CO_RETURN_IF_ERROR(result_variable)                                 \
  do {                                                                         \
    if (!(result_variable).ok()) co_return std::move(result_variable).error(); \
  } while (false)
