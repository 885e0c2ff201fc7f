// ServiceWatcher: keeps looking at the servers of one service and publishes what shards are to know of it
// (ServiceView). What a look is, is the Checker's; what it means, the Judge's: this knows results only.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants:
//   1. One look per server at a time, each bounded by the check's timeout. A reload destroys nothing that a look waits
//      on: what changed counts from the next look on, and what did not change stays.
//   2. A view is published only when it differs from the one before.
//   3. Slots are given by name and address. One whose server a reload took out is given to another server only when
//      nothing has referred to it for kSlotRest: no view, no connection, no shard.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event.h"
#include "config/config.h"
#include "runtime/scope.h"
#include "topology/judge.h"
#include "upstream/address_book.h"
#include "upstream/service_view.h"

namespace hf::topology {

class ServiceWatcher final : private Bench {
 public:
  struct Output {
    std::function<void(upstream::ServiceViewPtr)> publish;
    std::function<void(Event)> event;
  };

  ServiceWatcher(runtime::EventLoop& loop, const JudgeMaker& make_judge, Output output);
  ServiceWatcher(const ServiceWatcher&) = delete;
  ServiceWatcher& operator=(const ServiceWatcher&) = delete;
  ~ServiceWatcher();

  /// Whether there is a slot for every server. kOverload, with the words for the operator, when servers of before still
  /// have too many.
  Result<void> has_room_for(const config::Service& service, const upstream::AddressBook& addresses);
  /// Starts, or takes a changed configuration over, or the same with another address of a name. Error: `addresses` does
  /// not have a server's, or those of has_room_for; nothing has changed then.
  Result<void> configure(config::ConfigPtr config, const config::Service* service,
                         const upstream::AddressBook& addresses);
  runtime::Task<Result<void>> close(Deadline deadline);

  /// Reads a subject of the protocol's at once, or answers at once where nobody can be read from. `asked` is told the
  /// round.
  void refresh(std::uint32_t subject, upstream::Refresh& asked) { judge_->refresh(subject, asked); }
  /// News from a shard: a connection failed. Brings the next look forward.
  void live_failure(upstream::ServerSlot slot, const std::string& what);
  /// kNotFound names the servers there are.
  Result<void> set_drained(std::string_view server, bool drained);

  const upstream::ServiceViewPtr& view() const { return view_; }
  const config::Service& service() const override { return *service_; }
  ServiceReport report() const;
  /// Every server has been looked at once.
  bool looked_at_all() const;
  /// … and what clients begin with is known, as far as anybody can tell it.
  bool ready() const { return looked_at_all() && judge_->ready(); }

 private:
  static runtime::Task<void> watch(ServiceWatcher* self, WatchedServer* server);
  runtime::Task<bool> wait_for_next_look(WatchedServer* server, TimePoint began);
  void take_result(WatchedServer& server, const Result<void>& result);

  // What the judge has of us.
  runtime::EventLoop& loop() const override { return loop_; }
  std::vector<WatchedServer*> servers() const override;
  void event(Event event) override { output_.event(std::move(event)); }
  void judge_anew() override;

  void tell_health(const WatchedServer& server, const std::string& reason);
  WatchedServer* by_name(std::string_view name);
  WatchedServer* known(const config::Server& server, const net::Address& address) const;
  std::optional<bool> drained(const config::Server& server) const;
  bool is_free(const WatchedServer& server) const;
  bool has_rested(const WatchedServer& server) const;
  void note_free_slots();
  WatchedServer* add(const config::Server& server, const net::Address& address);

  runtime::EventLoop& loop_;
  Output output_;
  config::ConfigPtr config_;
  const config::Service* service_ = nullptr;
  std::vector<std::unique_ptr<WatchedServer>> servers_;  // by slot
  std::uint64_t leases_ = 0;                             // given so far
  std::unique_ptr<Judge> judge_;
  upstream::ServiceViewPtr view_;
  runtime::Scope scope_;
};

}  // namespace hf::topology
