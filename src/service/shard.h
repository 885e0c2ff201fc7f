// Shard: one data thread. Its loop, its part of every service, and the way in for the control thread.
//
// Thread: start, stop, post and the id from anywhere; everything else on the shard's own thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "runtime/event_loop.h"
#include "service/control.h"
#include "service/service_shard.h"

namespace hf::service {

class Shard {
 public:
  Shard(std::uint32_t id, Control control, std::uint64_t seed);
  /// With another source of time and readiness: for tests.
  Shard(std::uint32_t id, Control control, std::uint64_t seed, std::unique_ptr<runtime::Poller> poller);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard();

  std::uint32_t id() const { return id_; }
  runtime::EventLoop& loop() { return loop_; }
  const Control& control() const { return control_; }
  Random& random() { return random_; }

  void start();
  /// Ends the thread; services must have been closed.
  void stop();
  void post(std::function<void()> work) { loop_.post(std::move(work)); }
  /// Closes one service, or all; sessions have `patience` to come to an end. `done` is called on the shard's thread.
  void close_service(const std::string& name, Nanos patience);
  void close_all(Nanos patience, std::function<void()> done);

  /// An address leaves this node: cuts the clients of every service that came in on it. From any thread.
  void cut_clients_on(const net::Address& local, std::string reason);

  /// The peers of this shard, set once before start: for what must reach another shard's sessions (KILL).
  void set_peers(std::vector<Shard*> peers) { peers_ = std::move(peers); }
  const std::vector<Shard*>& peers() const { return peers_; }

  // On the shard's thread:
  ServiceShard& add(std::shared_ptr<ServiceShared> shared, upstream::ServiceViewPtr view);
  ServiceShard* find(const std::string& service);
  const std::unordered_map<std::string, std::unique_ptr<ServiceShard>>& services() const { return services_; }

 private:
  static runtime::Task<void> housekeeping(Shard* self);
  static runtime::Task<void> close_task(Shard* self, std::vector<std::string> names, Nanos patience,
                                        std::function<void()> done);

  std::uint32_t id_;
  Control control_;
  Random random_;
  runtime::EventLoop loop_;
  std::vector<Shard*> peers_;
  std::unordered_map<std::string, std::unique_ptr<ServiceShard>> services_;
  std::vector<std::unique_ptr<ServiceShard>> abandoned_;
  runtime::Scope background_;
  std::thread thread_;
};

}  // namespace hf::service
