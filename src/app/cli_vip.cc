#include "app/cli_vip.h"

#include <chrono>
#include <thread>
#include <utility>

#include <fmt/core.h>

#include "app/admin_client.h"
#include "base/event.h"
#include "policy/vrrp/action.h"

namespace hf::app {

using admin::VipOrder;
using nlohmann::json;

namespace {

constexpr Nanos kLookAgain = 50ms;

/// Another node that is master, as far as this one heard; empty when there is none.
std::string other_master(const json& vip) {
  const std::string master = text_of(vip, "master");
  return master == "-" || master == text_of(vip, "own_address") ? "" : master;
}

bool is_master(const json& vip) { return text_of(vip, "state") == "master" && flag_of(vip, "holding"); }

bool released_by_operator(const json& vip) {
  static const std::string kReason(to_string(policy::vrrp::Reason::kOperatorRelease));
  return text_of(vip, "state") == "fault" && text_of(vip, "reason").find(kReason) != std::string::npos;
}

VipProgress judge_release(const json& vip) {
  const std::string state = text_of(vip, "state");
  if (flag_of(vip, "holding") || (state != "fault" && state != "initialize")) {
    return {false, false, "not released: still " + state};
  }
  const std::string master = other_master(vip);
  if (master.empty()) return {true, false, "released; nobody else is master"};
  return {true, true, "released; " + master + " is master now"};
}

VipProgress judge_prefer(const json& vip) {
  if (!flag_of(vip, "preferred")) return {false, false, "not preferred: still " + text_of(vip, "state")};
  if (is_master(vip)) return {true, true, "preferred; this node (" + text_of(vip, "own_address") + ") is master now"};
  if (text_of(vip, "state") == "fault") {
    return {false, true, "preferred, but this node cannot be master: " + text_of(vip, "reason")};
  }
  const std::string master = other_master(vip);
  return {false, false,
          "preferred, but not master: " + (master.empty() ? text_of(vip, "reason") : master + " still is")};
}

VipProgress judge_resume(const json& vip) {
  if (flag_of(vip, "preferred")) return {false, false, "not resumed: still preferred"};
  if (released_by_operator(vip)) return {false, false, "not resumed: still released"};
  if (is_master(vip)) return {true, true, "resumed; this node (" + text_of(vip, "own_address") + ") is master"};
  if (text_of(vip, "state") == "fault") {
    return {true, true, "resumed; this node cannot be master: " + text_of(vip, "reason")};
  }
  const std::string master = other_master(vip);
  if (master.empty()) return {true, false, "resumed; nobody is master yet"};
  return {true, true, "resumed; this node is " + text_of(vip, "state") + ", " + master + " is master"};
}

json find_vip(const json& status, const std::string& name) {
  for (const json& vip : list_of(status, "vips")) {
    if (text_of(vip, "name") == name) return vip;
  }
  return nullptr;
}

struct Watched {
  VipProgress progress;
  json vip;
};

/// Looks until the order has settled or kWatch is over.
Result<Watched> watch(const AskOptions& options, const std::string& name, VipOrder order) {
  const auto until = std::chrono::steady_clock::now() + kWatch;
  for (;;) {
    const Result<Answer> status = request(options.config, "GET", "/api/v1/status");
    if (!status.ok()) return status.error();
    const json vip = find_vip(status->body, name);
    if (vip.is_null()) return Error{ErrorCode::kNotFound, name + ": the status does not show it any more"};
    VipProgress progress = judge(order, vip);
    if (progress.settled || std::chrono::steady_clock::now() >= until) return Watched{std::move(progress), vip};
    std::this_thread::sleep_for(kLookAgain);
  }
}

/// The guardian's own word on why an order is not in effect; empty where it said nothing.
std::string guardian_word(const AskOptions& options, const std::string& name, const std::string& since) {
  const Result<Answer> events = request(options.config, "GET", "/api/v1/events?limit=1000&since=" + since);
  const std::string outcome = events.ok() ? outcome_of(events->body, name) : "";
  return outcome.empty() ? "" : " (the guardian: " + outcome + ")";
}

}  // namespace

std::string_view word_of(VipOrder order) {
  switch (order) {
    case VipOrder::kRelease: return "release";
    case VipOrder::kPrefer: return "prefer";
    case VipOrder::kResume: return "resume";
  }
  return "unknown";
}

VipProgress judge(VipOrder order, const json& vip) {
  switch (order) {
    case VipOrder::kRelease: return judge_release(vip);
    case VipOrder::kPrefer: return judge_prefer(vip);
    case VipOrder::kResume: return judge_resume(vip);
  }
  return {};
}

std::string outcome_of(const json& events_page, const std::string& vip) {
  std::string outcome;
  for (const json& event : list_of(events_page, "events")) {
    if (text_of(event, "event") != "vip_command" || !event.contains("fields")) continue;
    const json& fields = event["fields"];
    if (text_of(fields, "vip") == vip && text_of(fields, "outcome") != "-") outcome = text_of(fields, "outcome");
  }
  return outcome;
}

int vip_command(const AskOptions& options, const std::string& name, VipOrder order) {
  const Result<Answer> before = request(options.config, "GET", "/api/v1/status");
  if (!before.ok()) return complain(before.error());
  const std::string since = before->good() ? text_of(before->body, "last_event") : "0";
  const Result<Answer> sent =
      request(options.config, "POST", "/api/v1/vips/" + percent_encode(name) + "/" + std::string(word_of(order)));
  if (!sent.ok()) return complain(sent.error());
  if (!sent->good()) {
    if (options.as_json) print_json(sent->body.is_discarded() ? json(sent->text) : sent->body);
    return options.as_json ? kFailed : complain(*sent);
  }
  const Result<Watched> watched = watch(options, name, order);
  if (!watched.ok()) return complain(watched.error());
  const bool in_effect = watched->progress.in_effect;
  const std::string text = watched->progress.text + (in_effect ? "" : guardian_word(options, name, since));
  if (options.as_json) {
    print_json(json{{"vip", name},
                    {"ordered", word_of(order)},
                    {"in_effect", in_effect},
                    {"outcome", text},
                    {"status", watched->vip}});
  } else {
    fmt::print(in_effect ? stdout : stderr, "{}", printable(name + ": " + text + "\n"));
  }
  return in_effect ? kDone : kFailed;
}

}  // namespace hf::app
