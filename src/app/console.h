// Console: what the admin interface sees and does of the gateway.
//
// Owner: the gateway. Thread: the control thread's.
// Invariant: what it shows was so at one moment: nothing of a snapshot waits.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/admin_model.h"
#include "app/admin_server.h"
#include "app/descriptors.h"
#include "app/journal.h"
#include "app/listeners.h"
#include "app/services.h"
#include "app/vip_desk.h"

namespace hf::app {

/// How far a gateway is, and with which configuration.
struct Lifecycle {
  std::string config_file;
  config::ConfigPtr config;
  std::uint64_t generation = 1;  // of the configuration
  TimePoint began;
  bool started = false;
  bool stopping = false;
  int exit_code = 0;
};

/// What clients may have of the process's descriptors.
struct DescriptorShares {
  std::size_t own = 0;  // open before anything else was
  DescriptorPlan plan;
  net::AcceptBudget budget;
};

class Console final : public admin::AdminModel {
 public:
  struct Around {
    runtime::EventLoop& loop;
    const Lifecycle& life;
    Journal& journal;
    Services& services;
    const Listeners& listeners;
    const DescriptorShares& descriptors;
    const std::vector<std::unique_ptr<service::Shard>>& shards;
    const std::unique_ptr<AdminServer>& admin;  // nullptr: not open yet
    const std::unique_ptr<VipDesk>& desk;       // nullptr: there is no guardian
    std::function<runtime::Task<Result<admin::ReloadOutcome>>(admin::Caller)> reload;
  };

  explicit Console(Around around) : around_(std::move(around)) {}

  admin::StatusSnapshot status() const override;
  admin::Readiness readiness() const override;
  EventPage events_since(std::uint64_t since, std::size_t limit) const override {
    return around_.journal.since(since, limit);
  }
  Result<admin::Explanation> explain(std::string_view service, std::string_view sql) const override;
  runtime::Task<Result<admin::SessionPage>> sessions(std::string service, std::size_t most) override;
  Result<void> drain(std::string_view service, std::string_view server, const admin::Caller& caller) override;
  Result<void> resume(std::string_view service, std::string_view server, const admin::Caller& caller) override;
  Result<void> vip_command(std::string_view vip, admin::VipOrder order, const admin::Caller& caller) override;
  runtime::Task<Result<admin::ReloadOutcome>> reload(admin::Caller caller) override {
    return around_.reload(std::move(caller));
  }
  void refused(const admin::Caller& caller, std::string_view path, std::string_view reason) override;
  void crowded(admin::Transport door, std::size_t places) override;

 private:
  static runtime::Task<Result<admin::SessionPage>> gather_sessions(const Around* around, std::string service,
                                                                   std::size_t most);
  Result<void> set_drained(std::string_view service, std::string_view server, bool drained,
                           const admin::Caller& caller);
  admin::ServiceStatus describe(const Services::Running& running) const;

  Around around_;
};

}  // namespace hf::app
