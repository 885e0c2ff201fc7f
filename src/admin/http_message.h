// HttpRequest and HttpResponse as values, and a response's bytes (RFC 9110, RFC 9112).
//
// Thread: any (plain values).
// Invariants:
//   1. A path and query parameters are percent-decoded once, here; a bad encoding is refused when the request is
//   parsed.
//   2. serialize() never lets a header value break its line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hf::admin {

struct HttpHeader {
  std::string name;  // as sent; compared case-blind
  std::string value;
};

struct HttpTarget {
  std::vector<std::string> path;                                // "/api/v1/status" is {"api", "v1", "status"}
  std::vector<std::pair<std::string, std::string>> parameters;  // of the query
};

struct HttpRequest {
  std::string method;  // "GET"
  HttpTarget target;
  std::vector<HttpHeader> headers;
  std::string body;
  int minor_version = 1;  // HTTP/1.x
  bool keep_alive = true;

  /// The first header of that name, case-blind.
  std::optional<std::string_view> header(std::string_view name) const;
  std::optional<std::string_view> parameter(std::string_view name) const;
  /// "/api/v1/status": decoded, for messages.
  std::string path_text() const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<HttpHeader> headers;  // further ones; Content-Type, Content-Length and Connection are made by serialize()
};

/// What follows a response on its connection.
enum class Connection : std::uint8_t { kKeepAlive, kClose };
/// An answer to HEAD has the length of the body but not the body.
enum class BodyPart : std::uint8_t { kSend, kOmit };

std::string serialize(const HttpResponse& response, Connection connection, BodyPart body = BodyPart::kSend);

/// What to do after answering `request`, by its version and Connection header.
Connection connection_after(const HttpRequest& request);
BodyPart body_part_for(const HttpRequest& request);

/// Splits "/a/b%20c?x=1&y" into path and parameters. Nothing when it is no absolute path or badly encoded.
std::optional<HttpTarget> parse_target(std::string_view target);

/// `{"error":{"status":404,"message":"…"}}` with that status.
HttpResponse error_response(int status, std::string_view message);

/// GET or HEAD.
bool is_read(const HttpRequest& request);

bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace hf::admin
