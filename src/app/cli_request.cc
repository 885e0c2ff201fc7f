#include "app/cli_request.h"

#include <cstdio>
#include <utility>

#include <fmt/core.h>

#include "app/admin_client.h"
#include "app/load_context.h"
#include "base/event.h"
#include "config/parse.h"

namespace hf::app {

using nlohmann::json;

Result<Answer> request(const std::string& config, const std::string& method, const std::string& target) {
  // The file may have errors by now; the running gateway is still reached where the file says.
  const config::LoadResult loaded = config::load_file(config, load_context());
  if (!loaded.ok() && loaded.admin_socket.unix_path.empty()) {
    std::string errors = config::to_string(loaded);
    while (errors.ends_with('\n')) errors.pop_back();
    return Error{ErrorCode::kInvalidArgument, std::move(errors)};
  }
  if (loaded.admin_socket.unix_path.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "admin.socket is off in " + config + ", and the command line asks the gateway there"};
  }
  Result<AdminReply> reply = admin_request(loaded.admin_socket.unix_path, method, target, "");
  if (!reply.ok()) return reply.error();
  json body = json::parse(reply->body, nullptr, false);
  return Answer{reply->status, std::move(reply->body), std::move(body)};
}

int complain(const Error& error) {
  fmt::print(stderr, "holdfast: {}\n", printable(error.context));
  return kFailed;
}

int complain(const Answer& refusal) {
  const json& body = refusal.body;
  const bool worded = body.is_object() && body.contains("error");
  fmt::print(stderr, "holdfast: {}\n", printable(worded ? text_of(body["error"], "message") : refusal.text));
  for (const json& error : list_of(body, "errors")) {
    if (error.is_string()) fmt::print(stderr, "{}\n", printable(error.get<std::string>()));
  }
  return kFailed;
}

void print_json(const json& body) { print_text(body.dump(2, ' ', false, json::error_handler_t::replace) + "\n"); }

void print_text(const std::string& text) { fmt::print("{}", printable(text)); }

int ask(const AskOptions& options, const std::string& method, const std::string& target,
        const std::function<int(const json&)>& show) {
  const Result<Answer> answer = request(options.config, method, target);
  if (!answer.ok()) return complain(answer.error());
  if (options.as_json) {
    if (answer->body.is_discarded()) {
      print_text(answer->text + "\n");
    } else {
      print_json(answer->body);
    }
    return answer->good() ? kDone : kFailed;
  }
  return answer->good() ? show(answer->body) : complain(*answer);
}

std::string text_of(const json& object, const char* key) {
  if (!object.is_object()) return "-";
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return "-";
  if (it->is_string()) return it->get<std::string>();
  return it->dump();
}

json list_of(const json& object, const char* key) {
  if (!object.is_object()) return json::array();
  const auto it = object.find(key);
  return it != object.end() && it->is_array() ? *it : json::array();
}

bool flag_of(const json& object, const char* key) {
  if (!object.is_object()) return false;
  const auto it = object.find(key);
  return it != object.end() && it->is_boolean() && it->get<bool>();
}

}  // namespace hf::app
