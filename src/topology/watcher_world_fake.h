// WatcherWorld: a watcher of one MySQL service with one fake server, on a clock that the test moves.
//
// Owner: the test. Thread: the test's. Invariant: the destructor closes the watcher, wherever its looks are.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "check/monitored_server_fake.h"
#include "runtime/stepped_loop_fake.h"
#include "topology/mysql/judge.h"
#include "topology/service_watcher.h"
#include "upstream/mysql/view.h"

namespace hf::topology {

struct WatcherWorld {
  static constexpr Nanos kInterval = 1s;

  WatcherWorld() { server_.set("mysql.global_priv", {"User", "Host", "Priv"}, {{"app", "%", R"({"access":0})"}}); }
  WatcherWorld(const WatcherWorld&) = delete;
  WatcherWorld& operator=(const WatcherWorld&) = delete;
  ~WatcherWorld() {
    bool closed = false;
    runtime::Scope scope(*loop_);
    loop_->post([&] { scope.spawn("close", close, &watcher_, loop_->deadline_in(5s), &closed); });
    EXPECT_TRUE(loop_.run_until([&] { return closed && scope.empty(); }));
  }
  static runtime::Task<void> close(ServiceWatcher* watcher, Deadline deadline, bool* closed) {
    const Result<void> result = co_await watcher->close(deadline);
    *closed = result.ok();
  }

  config::Service service() const {
    config::Service service;
    service.name = "orders";
    service.protocol = config::Protocol::kMysql;
    service.check = {kInterval, 1s, 1, 1};
    service.mysql.monitor = {"watch", "first"};
    service.mysql.users_from_servers = true;
    service.servers.push_back({"db1", {"127.0.0.1", server_.address().port(), ""}, 1});
    return service;
  }
  void configure(config::Service service) {
    auto config = std::make_shared<config::Config>();
    config->services.push_back(std::move(service));
    const config::Service* first = config->services.data();
    ASSERT_TRUE(watcher_.configure(std::move(config), first, addresses_).ok());
  }
  const upstream::mysql::View& view() const { return static_cast<const upstream::mysql::View&>(*watcher_.view()); }
  bool up() const { return view().primary && !view().accounts->all().empty(); }
  /// Looks until the server is known and its accounts are.
  bool comes_up() {
    return until([this] { return up(); });
  }
  /// Time passes until `done`.
  template <typename Done>
  bool until(Done done) {
    return loop_.run_until([&] {
      if (done()) return true;
      loop_.advance(50ms);
      return false;
    });
  }
  /// Whatever needs no time happens.
  void settle() {
    for (int i = 0; i < 6; ++i) loop_.turn();
  }
  std::size_t count(EventId id) const {
    return static_cast<std::size_t>(
        std::count_if(events_.begin(), events_.end(), [id](const Event& event) { return event.id() == id; }));
  }

  runtime::SteppedLoop loop_;
  check::MonitoredServerFake server_{*loop_};
  upstream::AddressBook addresses_;
  std::vector<upstream::ServiceViewPtr> views_;
  std::vector<Event> events_;
  ServiceWatcher watcher_{*loop_,
                          mysql::make_judge,
                          {[this](upstream::ServiceViewPtr view) { views_.push_back(std::move(view)); },
                           [this](Event event) {
                             EXPECT_EQ(unknown_field(event), "");
                             events_.push_back(std::move(event));
                           }}};
};

}  // namespace hf::topology
