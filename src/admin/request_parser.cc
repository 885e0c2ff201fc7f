// The only file that includes Boost.Beast.
#include "admin/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/assert.h"

namespace hf::admin {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

HttpResponse refusal_of(const boost::system::error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return error_response(431, "the request line and headers are longer than 16 KiB");
  }
  if (error == http::error::body_limit) return error_response(413, "the body is longer than 1 MiB");
  return error_response(400, "not a well-formed HTTP/1.1 request: " + error.message());
}

std::string text_of(boost::beast::string_view text) { return std::string(text.data(), text.size()); }

}  // namespace

struct RequestParser::State {
  std::optional<Parser> parser;
  std::string pending;  // not yet consumed: part of the header or of a chunk's header
  std::optional<HttpRequest> complete;
  std::optional<HttpResponse> refusal;
  bool continue_said = false;

  State() { restart(); }

  void restart() {
    parser.emplace();
    parser->eager(true);
    parser->header_limit(kMaxHeaderBytes);
    parser->body_limit(kMaxBodyBytes);
    continue_said = false;
  }

  /// Lets Beast have the pending bytes. False when it found them bad.
  bool put() {
    while (!pending.empty() && !parser->is_done()) {
      boost::system::error_code error;
      const std::size_t used = parser->put(boost::asio::const_buffer(pending.data(), pending.size()), error);
      pending.erase(0, used);
      if (error && error != http::error::need_more) {
        refusal = refusal_of(error);
        return false;
      }
      if (used == 0) break;
    }
    if (!parser->is_done() && pending.size() > kMaxHeaderBytes) {
      refusal = refusal_of(http::make_error_code(http::error::header_limit));
      return false;
    }
    return true;
  }

  /// Turns the finished message into a request. False when its target is bad.
  bool finish() {
    auto& message = parser->get();
    HttpRequest request;
    auto target = parse_target(text_of(message.target()));
    if (!target) {
      refusal = error_response(400, "the request's target must be an absolute path, properly encoded");
      return false;
    }
    request.method = text_of(message.method_string());
    request.target = std::move(*target);
    request.minor_version = static_cast<int>(message.version() % 10);
    request.keep_alive = parser->keep_alive();
    for (const auto& field : message) request.headers.push_back({text_of(field.name_string()), text_of(field.value())});
    request.body = std::move(message.body());
    complete = std::move(request);
    return true;
  }
};

RequestParser::RequestParser() : state_(std::make_unique<State>()) {}
RequestParser::~RequestParser() = default;

RequestParser::Fed RequestParser::feed(ByteView bytes) {
  State& state = *state_;
  if (state.refusal) return Fed{bytes.size(), Progress::kBad};
  if (state.complete) return Fed{0, Progress::kComplete};
  state.pending.append(bytes);
  if (!state.put()) return Fed{bytes.size(), Progress::kBad};
  if (!state.parser->is_done()) return Fed{bytes.size(), Progress::kNeedMore};
  if (!state.finish()) return Fed{bytes.size(), Progress::kBad};
  // What is left came with this call: had it been there before, the request would have been complete before.
  const std::size_t left = std::exchange(state.pending, {}).size();
  HF_ASSERT(left <= bytes.size());
  return Fed{bytes.size() - left, Progress::kComplete};
}

HttpRequest RequestParser::take() {
  HF_CHECK(state_->complete.has_value());
  HttpRequest request = std::move(*state_->complete);
  state_->complete.reset();
  state_->restart();
  return request;
}

bool RequestParser::wants_continue() {
  State& state = *state_;
  if (state.continue_said || state.refusal || state.complete || !state.parser->is_header_done()) return false;
  const auto expect = state.parser->get()[http::field::expect];
  if (!equals_ignoring_case(text_of(expect), "100-continue")) return false;
  state.continue_said = true;
  return true;
}

const HttpResponse& RequestParser::refusal() const {
  HF_CHECK(state_->refusal.has_value());
  return *state_->refusal;
}

}  // namespace hf::admin
