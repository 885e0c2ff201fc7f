#include "admin/http_message.h"

#include <algorithm>

#include "base/event.h"

namespace hf::admin {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

enum class Plus : std::uint8_t { kLiteral, kBlank };

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::kBlank) {
      out.push_back(' ');
    } else if (text[i] == '%') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return std::nullopt;
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

/// Takes everything up to the separator (which goes, too) off the front.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 422: return "Unprocessable Content";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Status";
  }
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
  out += "\r\n";
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

bool is_read(const HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const HttpHeader& each : headers) {
    if (equals_ignoring_case(each.name, name)) return each.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> HttpRequest::parameter(std::string_view name) const {
  for (const auto& [key, value] : target.parameters) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string HttpRequest::path_text() const {
  std::string out;
  for (const std::string& part : target.path) out += "/" + part;
  return out.empty() ? "/" : out;
}

std::optional<HttpTarget> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/') return std::nullopt;
  HttpTarget out;
  std::string_view rest = target.substr(0, target.find('#'));
  std::string_view path = take_until(rest, '?');
  path.remove_prefix(1);
  while (!path.empty()) {
    auto part = percent_decode(take_until(path, '/'), Plus::kLiteral);
    if (!part) return std::nullopt;
    out.path.push_back(std::move(*part));
  }
  while (!rest.empty()) {
    std::string_view pair = take_until(rest, '&');
    auto key = percent_decode(take_until(pair, '='), Plus::kBlank);
    auto value = percent_decode(pair, Plus::kBlank);
    if (!key || !value) return std::nullopt;
    out.parameters.emplace_back(std::move(*key), std::move(*value));
  }
  return out;
}

std::string serialize(const HttpResponse& response, Connection connection, BodyPart body) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out += reason_phrase(response.status);
  out += "\r\n";
  append_header(out, "Content-Type", response.content_type);
  append_header(out, "Content-Length", std::to_string(response.body.size()));
  append_header(out, "Connection", connection == Connection::kKeepAlive ? "keep-alive" : "close");
  append_header(out, "Cache-Control", "no-store");
  append_header(out, "X-Content-Type-Options", "nosniff");
  for (const HttpHeader& each : response.headers) append_header(out, each.name, each.value);
  out += "\r\n";
  if (body == BodyPart::kSend) out += response.body;
  return out;
}

Connection connection_after(const HttpRequest& request) {
  return request.keep_alive ? Connection::kKeepAlive : Connection::kClose;
}

BodyPart body_part_for(const HttpRequest& request) {
  return request.method == "HEAD" ? BodyPart::kOmit : BodyPart::kSend;
}

HttpResponse error_response(int status, std::string_view message) {
  HttpResponse response;
  response.status = status;
  response.body = "{\"error\":{\"status\":" + std::to_string(status) + ",\"message\":";
  append_json_string(response.body, message);
  response.body += "}}";
  return response;
}

}  // namespace hf::admin
