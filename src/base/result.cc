#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace hf {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "invalid argument";
    case ErrorCode::kProtocol: return "protocol error";
    case ErrorCode::kClosed: return "closed";
    case ErrorCode::kReset: return "connection reset";
    case ErrorCode::kRefused: return "refused";
    case ErrorCode::kUnreachable: return "unreachable";
    case ErrorCode::kTimeout: return "timeout";
    case ErrorCode::kCancelled: return "cancelled";
    case ErrorCode::kOverload: return "overload";
    case ErrorCode::kNoPlace: return "no connection is free";
    case ErrorCode::kAccessDenied: return "access denied";
    case ErrorCode::kNotFound: return "not found";
    case ErrorCode::kExists: return "exists";
    case ErrorCode::kExhausted: return "resources exhausted";
    case ErrorCode::kOutOfMemory: return "out of memory";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kSystem: return "system error";
  }
  return "unknown error";
}

namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ECONNREFUSED:
    case EACCES:
    case EPERM: return ErrorCode::kRefused;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED: return ErrorCode::kReset;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN: return ErrorCode::kUnreachable;
    case ETIMEDOUT: return ErrorCode::kTimeout;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case EADDRNOTAVAIL: return ErrorCode::kExhausted;
    case ENOMEM: return ErrorCode::kOutOfMemory;
    case ENOENT: return ErrorCode::kNotFound;
    case EEXIST:
    case EADDRINUSE: return ErrorCode::kExists;
    case EINVAL: return ErrorCode::kInvalidArgument;
    default: return ErrorCode::kSystem;
  }
}

}  // namespace

Error system_error(int error_number, std::string_view what) {
  std::string context(what);
  context += ": ";
  context += std::strerror(error_number);  // NOLINT(concurrency-mt-unsafe): glibc's is thread-safe for known numbers
  return Error{code_of(error_number), std::move(context)};
}

}  // namespace hf
