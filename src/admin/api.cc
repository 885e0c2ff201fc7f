#include "admin/api.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>

#include "admin/metrics.h"
#include "base/event.h"

namespace hf::admin {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kDefaultEvents = 200;
constexpr std::uint64_t kMaxEvents = 1000;
constexpr std::uint64_t kDefaultSessions = 100;
constexpr std::uint64_t kMaxSessions = 1000;

HttpResponse json_response(const Json& body, int status = 200) {
  HttpResponse response;
  response.status = status;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

HttpResponse text_response(int status, std::string_view text) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::string(text) + "\n";
  return response;
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return 400;
    case ErrorCode::kAccessDenied: return 403;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kExists: return 409;
    case ErrorCode::kUnsupported: return 501;
    case ErrorCode::kOverload:
    case ErrorCode::kUnreachable:
    case ErrorCode::kExhausted:
    case ErrorCode::kOutOfMemory: return 503;
    case ErrorCode::kTimeout: return 504;
    default: return 500;
  }
}

HttpResponse failure(const Error& error) { return error_response(status_of(error.code), error.context); }

HttpResponse method_not_allowed(std::string_view allowed) {
  HttpResponse response = error_response(405, "this path answers to " + std::string(allowed) + " only");
  response.headers.push_back({"Allow", std::string(allowed)});
  return response;
}

/// A parameter that is a whole number; `fallback` when it is not given, nothing when it is something else.
std::optional<std::uint64_t> number_parameter(const HttpRequest& request, std::string_view name,
                                              std::uint64_t fallback) {
  const auto text = request.parameter(name);
  if (!text) return fallback;
  std::uint64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return value;
}

Json event_json(const LoggedEvent& logged) {
  const EventType& type = *logged.event.type;
  Json fields = Json::object();
  for (const EventField& field : logged.event.fields) fields[std::string(field.name)] = field.value;
  return Json{{"sequence", logged.sequence},
              {"time", format_utc(logged.event.wall_micros)},
              {"level", std::string(to_string(type.level))},
              {"id", event_number(type.id)},
              {"event", std::string(type.name)},
              {"fields", std::move(fields)}};
}

Json session_json(const service::HeldSession& session) {
  return Json{{"service", session.service},
              {"id", session.id},
              {"account", session.account},
              {"client", session.client},
              {"server", session.server.empty() ? Json(nullptr) : Json(session.server)},
              {"pinned", session.grip == service::Grip::kPinned},
              {"running", session.running},
              {"reason", session.reason.name},
              {"because", session.reason.sentence},
              {"shape", session.shape.empty() ? Json(nullptr) : Json(session.shape)},
              {"since", format_utc(session.since_wall_micros)}};
}

std::optional<VipOrder> vip_order(std::string_view word) {
  if (word == "release") return VipOrder::kRelease;
  if (word == "prefer") return VipOrder::kPrefer;
  if (word == "resume") return VipOrder::kResume;
  return std::nullopt;
}

bool is_server_command(std::string_view word) { return word == "drain" || word == "resume"; }

bool names_method(std::string_view methods, std::string_view method) {
  while (!methods.empty()) {
    const std::size_t comma = std::min(methods.find(", "), methods.size());
    if (methods.substr(0, comma) == method) return true;
    methods.remove_prefix(std::min(comma + 2, methods.size()));
  }
  return false;
}

struct Question {
  std::string service;
  std::string sql;
};

/// What /explain is asked: from the query, from a JSON body, or with the body as the statement.
std::optional<Question> question_of(const HttpRequest& request) {
  Question question{std::string(request.parameter("service").value_or("")),
                    std::string(request.parameter("sql").value_or(""))};
  const std::string_view type = request.header("Content-Type").value_or("");
  if (request.method != "POST" || request.body.empty()) return question;
  if (!type.starts_with("application/json")) {
    question.sql = request.body;
    return question;
  }
  const Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return std::nullopt;
  for (const auto& [name, target] : {std::pair{"service", &question.service}, std::pair{"sql", &question.sql}}) {
    const auto found = body.find(name);
    if (found == body.end()) continue;
    if (!found->is_string()) return std::nullopt;
    *target = found->get<std::string>();
  }
  return question;
}

bool is_path(const HttpRequest& request, std::initializer_list<std::string_view> path) {
  return std::ranges::equal(request.target.path, path);
}

}  // namespace

struct Api::Call {
  const HttpRequest& request;
  Caller caller;
};

/// What is at a path: a function that answers at once, or one that waits for somebody.
struct Api::Endpoint {
  Effect effect;
  std::string_view methods;  // as in an Allow header
  HttpResponse (Api::*answer)(const Call& call);
  runtime::Task<HttpResponse> (Api::*ask)(const Call& call) = nullptr;
};

Api::Endpoint Api::endpoint_of(const HttpRequest& request) {
  constexpr std::string_view kRead = "GET, HEAD";
  constexpr std::string_view kAsk = "GET, HEAD, POST";  // a question may be too long for a path
  constexpr std::string_view kCommand = "POST";
  if (is_path(request, {"healthz"})) return {Effect::kOpen, kRead, &Api::healthz};
  if (is_path(request, {"readyz"})) return {Effect::kOpen, kRead, &Api::readyz};
  if (is_path(request, {"metrics"})) return {Effect::kShows, kRead, &Api::metrics};
  if (is_path(request, {"api", "v1", "status"})) return {Effect::kShows, kRead, &Api::status};
  if (is_path(request, {"api", "v1", "sessions"})) return {Effect::kShows, kRead, nullptr, &Api::sessions};
  if (is_path(request, {"api", "v1", "events"})) return {Effect::kShows, kRead, &Api::events};
  if (is_path(request, {"api", "v1", "explain"})) return {Effect::kShows, kAsk, &Api::explain};
  if (is_path(request, {"api", "v1", "reload"})) return {Effect::kChanges, kCommand, nullptr, &Api::reload};
  const auto& path = request.target.path;
  const bool versioned = path.size() > 2 && path[0] == "api" && path[1] == "v1";
  if (versioned && path.size() == 6 && path[2] == "servers" && is_server_command(path[5])) {
    return {Effect::kChanges, kCommand, &Api::server_command};
  }
  if (versioned && path.size() == 5 && path[2] == "vips" && vip_order(path[4])) {
    return {Effect::kChanges, kCommand, &Api::vip_command};
  }
  return {Effect::kShows, {}, &Api::nothing};
}

runtime::Task<HttpResponse> Api::handle(HttpRequest request, Visitor visitor) {
  const Endpoint endpoint = endpoint_of(request);
  const bool answers = endpoint.methods.empty() || names_method(endpoint.methods, request.method);
  Call call{request, Caller{visitor.peer, {}}};
  Access access = check_access(request, credentials_, visitor,
                               answers ? endpoint.effect : std::min(endpoint.effect, Effect::kShows));
  if (auto* refused = std::get_if<Refused>(&access)) {
    model_.refused(call.caller, request.path_text(), refused->reason);
    co_return std::move(refused->response);
  }
  if (!answers) co_return method_not_allowed(endpoint.methods);
  call.caller.account = std::get<Granted>(access).account;
  if (endpoint.answer != nullptr) co_return (this->*endpoint.answer)(call);
  HttpResponse told = co_await (this->*endpoint.ask)(call);
  co_return told;
}

HttpResponse Api::nothing(const Call& call) {
  return error_response(404, "there is nothing at " + call.request.path_text());
}

HttpResponse Api::healthz(const Call& /*call*/) { return text_response(200, "ok"); }

HttpResponse Api::readyz(const Call& /*call*/) {
  const Readiness readiness = model_.readiness();
  return readiness.ready ? text_response(200, "ok") : text_response(503, readiness.reason);
}

HttpResponse Api::metrics(const Call& /*call*/) {
  HttpResponse response;
  response.content_type = std::string(kPrometheusContentType);
  response.body = render_prometheus(model_.status());
  return response;
}

HttpResponse Api::status(const Call& /*call*/) {
  HttpResponse response;
  response.body = status_json(model_.status());
  return response;
}

HttpResponse Api::events(const Call& call) {
  const auto since = number_parameter(call.request, "since", 0);
  const auto limit = number_parameter(call.request, "limit", kDefaultEvents);
  if (!since || !limit) return error_response(400, "since and limit must be whole numbers");
  const EventPage page =
      model_.events_since(*since, static_cast<std::size_t>(std::clamp(*limit, std::uint64_t{1}, kMaxEvents)));
  Json body{{"next", page.next}, {"missed", page.missed}, {"events", Json::array()}};
  for (const LoggedEvent& logged : page.events) body["events"].push_back(event_json(logged));
  return json_response(body);
}

HttpResponse Api::explain(const Call& call) {
  const auto question = question_of(call.request);
  if (!question) return error_response(400, "the body must be a JSON object with the texts \"service\" and \"sql\"");
  if (question->service.empty() || question->sql.empty()) return error_response(400, "service and sql are needed");
  const Result<Explanation> explained = model_.explain(question->service, question->sql);
  if (!explained) return failure(explained.error());
  return json_response(Json{{"service", question->service},
                            {"kind", explained->kind},
                            {"route", explained->route},
                            {"reason", explained->reason},
                            {"hint", explained->hint.empty() ? Json(nullptr) : Json(explained->hint)},
                            {"shape", explained->shape},
                            {"effects", explained->effects},
                            {"servers", explained->servers}});
}

runtime::Task<HttpResponse> Api::sessions(const Call& call) {
  const HttpRequest& request = call.request;
  const auto limit = number_parameter(request, "limit", kDefaultSessions);
  if (!limit) co_return error_response(400, "limit must be a whole number");
  std::string service(request.parameter("service").value_or(""));
  const auto most = static_cast<std::size_t>(std::clamp(*limit, std::uint64_t{1}, kMaxSessions));
  const Result<SessionPage> page = co_await model_.sessions(std::move(service), most);
  if (!page) co_return failure(page.error());
  const service::HeldSessions& sessions = page->sessions;
  Json body{{"total", sessions.total},
            {"left_out", sessions.total - sessions.shown.size()},
            {"silent_shards", page->silent_shards},
            {"sessions", Json::array()}};
  for (const service::HeldSession& session : sessions.shown) body["sessions"].push_back(session_json(session));
  co_return json_response(body);
}

runtime::Task<HttpResponse> Api::reload(const Call& call) {
  const Result<ReloadOutcome> outcome = co_await model_.reload(call.caller);
  if (!outcome) co_return failure(outcome.error());
  co_return json_response(Json{{"accepted", outcome->accepted},
                               {"changes", outcome->changes},
                               {"needs_restart", outcome->needs_restart},
                               {"errors", outcome->errors}},
                          outcome->accepted ? 200 : 422);
}

HttpResponse Api::server_command(const Call& call) {
  const auto& path = call.request.target.path;
  const std::string& service = path[3];
  const std::string& server = path[4];
  const std::string& command = path[5];
  const Result<void> done =
      command == "drain" ? model_.drain(service, server, call.caller) : model_.resume(service, server, call.caller);
  if (!done) return failure(done.error());
  return json_response(Json{{"service", service}, {"server", server}, {"done", command}});
}

HttpResponse Api::vip_command(const Call& call) {
  const std::string& vip = call.request.target.path[3];
  const std::string& word = call.request.target.path[4];
  const std::optional<VipOrder> order = vip_order(word);
  const Result<void> sent = model_.vip_command(vip, *order, call.caller);
  if (!sent) return failure(sent.error());
  return json_response(Json{{"vip", vip}, {"ordered", word}});
}

}  // namespace hf::admin
