// AdminModelFake: an AdminModel for tests: says what it was told to say and remembers what it was told to do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/admin_model.h"

namespace hf::admin {

class AdminModelFake : public AdminModel {
 public:
  StatusSnapshot status() const override { return snapshot; }
  Readiness readiness() const override { return snapshot.readiness; }
  EventPage events_since(std::uint64_t since, std::size_t limit) const override { return log.since(since, limit); }

  Result<Explanation> explain(std::string_view service, std::string_view sql) const override {
    if (service != "orders") return Error{ErrorCode::kNotFound, "no service \"" + std::string(service) + "\""};
    Explanation out;
    out.kind = "select";
    out.route = "reader";
    out.reason = "reads only";
    out.shape = std::string(sql);
    out.effects = {"user-variable"};
    out.servers = {"db2", "db3"};
    return out;
  }
  runtime::Task<Result<SessionPage>> sessions(std::string service, std::size_t most) override {
    if (!service.empty() && service != "orders") {
      co_return Error{ErrorCode::kNotFound, "no MySQL service \"" + service + "\""};
    }
    SessionPage page;
    page.silent_shards = session_page.silent_shards;
    page.sessions.take(session_page.sessions, most);
    co_return page;
  }
  Result<void> drain(std::string_view service, std::string_view server, const Caller& caller) override {
    return command("drain", service, server, caller);
  }
  Result<void> resume(std::string_view service, std::string_view server, const Caller& caller) override {
    return command("resume", service, server, caller);
  }
  Result<void> vip_command(std::string_view vip, VipOrder order, const Caller& caller) override {
    if (!guardian) return Error{ErrorCode::kUnreachable, "there is no guardian"};
    if (vip != "db") return Error{ErrorCode::kNotFound, "no vip '" + std::string(vip) + "'; there is db"};
    constexpr std::string_view kNames[] = {"release", "prefer", "resume"};
    commands.push_back(std::string(kNames[static_cast<std::size_t>(order)]) + " " + std::string(vip) + " by " +
                       caller.account + "@" + caller.peer);
    return {};
  }
  runtime::Task<Result<ReloadOutcome>> reload(Caller caller) override {
    commands.push_back("reload by " + caller.account + "@" + caller.peer);
    co_return reload_outcome;
  }
  void refused(const Caller& caller, std::string_view path, std::string_view reason) override {
    refusals.push_back(caller.peer + " " + std::string(path) + ": " + std::string(reason));
  }
  void crowded(Transport /*door*/, std::size_t /*places*/) override { ++crowds; }

  StatusSnapshot snapshot;
  SessionPage session_page;
  EventLog log{16};
  ReloadOutcome reload_outcome{.accepted = true, .changes = {"server db4 added"}, .needs_restart = {}, .errors = {}};
  bool guardian = true;
  std::vector<std::string> commands;
  std::vector<std::string> refusals;
  int crowds = 0;

 private:
  Result<void> command(std::string_view name, std::string_view service, std::string_view server, const Caller& caller) {
    if (service != "orders") return Error{ErrorCode::kNotFound, "no service \"" + std::string(service) + "\""};
    commands.push_back(std::string(name) + " " + std::string(server) + " by " + caller.account + "@" + caller.peer);
    return {};
  }
};

}  // namespace hf::admin
