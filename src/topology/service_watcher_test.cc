// The watcher of a TCP service against listening sockets of the loopback, on a clock that the test moves.
#include "topology/service_watcher.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/limits.h"
#include "net/listener.h"
#include "runtime/stepped_loop_fake.h"
#include "topology/tcp/judge.h"
#include "upstream/address_book.h"

namespace hf::topology {
namespace {

using runtime::Scope;
using runtime::SteppedLoop;
using runtime::Task;
using upstream::ServerSlot;
using upstream::ServiceViewPtr;

constexpr Nanos kInterval = 1s;
constexpr Nanos kSoon = 50ms;

/// A server: accepts at the kernel's hands while it listens.
class Port {
 public:
  Port() {
    open(net::Address::from_ip("127.0.0.1", 0).value());
    address_ = net::Address::local_of(fd_).value();
  }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  ~Port() { close(); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void reopen() { open(address_); }
  /// How many have connected since the last question.
  int visitors() const {
    int count = 0;
    for (int fd = -1; (fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ++count) ::close(fd);
    return count;
  }
  config::Endpoint endpoint() const { return {"127.0.0.1", address_.port(), ""}; }

 private:
  void open(const net::Address& address) {
    Result<int> bound = net::Listener::bind(address, net::PortSharing::kExclusive);
    EXPECT_TRUE(bound.ok()) << bound.error().context;
    fd_ = bound.ok() ? *bound : -1;
  }
  int fd_ = -1;
  net::Address address_;
};

Task<void> close_task(ServiceWatcher* watcher, Deadline deadline, bool* closed) {
  const Result<void> result = co_await watcher->close(deadline);
  *closed = result.ok();
}

class ServiceWatcherTest : public ::testing::Test {
 protected:
  ~ServiceWatcherTest() override {
    bool closed = false;
    Scope scope(*loop_);
    loop_->post([&] { scope.spawn("close", close_task, &watcher_, loop_->deadline_in(5s), &closed); });
    EXPECT_TRUE(loop_.run_until([&] { return closed && scope.empty(); }));
  }

  config::Service service_with(const std::vector<std::pair<std::string, config::Endpoint>>& servers) const {
    config::Service service;
    service.name = "mail";
    service.protocol = config::Protocol::kTcp;
    service.check = {kInterval, 1s, 2, 3};
    for (const auto& [name, endpoint] : servers) service.servers.push_back({name, endpoint, 1});
    return service;
  }
  Result<void> configure(config::Service service, const upstream::AddressBook& addresses = {}) {
    auto config = std::make_shared<config::Config>();
    config->services.push_back(std::move(service));
    const config::Service* first = config->services.data();
    return watcher_.configure(std::move(config), first, addresses);
  }
  void configure_two() {
    ASSERT_TRUE(configure(service_with({{"mx1", one_.endpoint()}, {"mx2", two_.endpoint()}})).ok());
  }

  /// Runs until every server has been looked at in the present moment.
  void finish_looks() {
    ASSERT_TRUE(loop_.run_until([this] {
      const ServiceReport report = watcher_.report();
      return std::all_of(report.servers.begin(), report.servers.end(),
                         [this](const ServerReport& server) { return server.checked_at == loop_->now(); });
    }));
  }
  void next_look(Nanos after = kInterval) {
    loop_.advance(after);
    finish_looks();
  }
  bool reader(ServerSlot slot) const { return watcher_.view()->servers.at(slot).reader; }
  std::size_t count(EventId id) const {
    return static_cast<std::size_t>(
        std::count_if(events_.begin(), events_.end(), [id](const Event& event) { return event.id() == id; }));
  }

  SteppedLoop loop_;
  Port one_;
  Port two_;
  std::vector<ServiceViewPtr> views_;
  std::vector<Event> events_;
  ServiceWatcher watcher_{*loop_,
                          tcp::make_judge,
                          {[this](ServiceViewPtr view) { views_.push_back(std::move(view)); },
                           [this](Event event) {
                             EXPECT_EQ(unknown_field(event), "");
                             events_.push_back(std::move(event));
                           }}};
};

TEST_F(ServiceWatcherTest, PublishesAtOnceAndAgainWhenTheServersHaveAnswered) {
  configure_two();
  ASSERT_EQ(views_.size(), 1U);
  EXPECT_FALSE(reader(0));
  EXPECT_FALSE(watcher_.looked_at_all());
  finish_looks();
  EXPECT_TRUE(watcher_.looked_at_all());
  EXPECT_TRUE(reader(0));
  EXPECT_TRUE(reader(1));
  EXPECT_TRUE(watcher_.view()->servers[0].present);
  EXPECT_TRUE(watcher_.view()->servers[0].reachable);
  EXPECT_EQ(watcher_.view()->servers[1].name, "mx2");
  EXPECT_EQ(count(EventId::kServerUp), 2U);
  EXPECT_EQ(views_.back(), watcher_.view());
}

TEST_F(ServiceWatcherTest, PublishesNothingWhileNothingChanges) {
  configure_two();
  finish_looks();
  const std::size_t views = views_.size();
  for (int i = 0; i < 5; ++i) next_look();
  EXPECT_EQ(views_.size(), views);
  for (std::size_t i = 1; i < views_.size(); ++i) EXPECT_EQ(views_[i]->version, views_[i - 1]->version + 1);
}

TEST_F(ServiceWatcherTest, LooksOncePerInterval) {
  configure_two();
  finish_looks();
  EXPECT_EQ(one_.visitors(), 1);
  loop_.advance(kInterval - Nanos(1ms));
  loop_.turn();
  EXPECT_EQ(one_.visitors(), 0);
  next_look(1ms);
  EXPECT_EQ(one_.visitors(), 1);
}

TEST_F(ServiceWatcherTest, AServerThatNeverAnsweredIsDown) {
  two_.close();
  configure_two();
  finish_looks();
  EXPECT_TRUE(reader(0));
  EXPECT_FALSE(reader(1));
  EXPECT_FALSE(watcher_.view()->servers[1].reachable);
  const ServiceReport report = watcher_.report();
  EXPECT_EQ(report.servers[1].health, policy::health::Health::kDown);
  EXPECT_NE(report.servers[1].check.find("refused"), std::string::npos) << report.servers[1].check;
  EXPECT_EQ(count(EventId::kServerDown), 1U);
}

TEST_F(ServiceWatcherTest, TheReasonOfAServerThatNeverAnsweredIsWhatTheLookSaid) {
  two_.close();
  configure_two();
  finish_looks();
  EXPECT_NE(watcher_.report().servers[1].reason.find("refused"), std::string::npos)
      << watcher_.report().servers[1].reason;
}

TEST_F(ServiceWatcherTest, TakesAServerOutAfterFallFailuresInQuickSuccession) {
  configure_two();
  finish_looks();
  one_.close();
  next_look();
  EXPECT_TRUE(reader(0));  // one failure is doubt, not a verdict; doubt does not wait for the interval
  ASSERT_TRUE(loop_.run_until([this] { return watcher_.report().servers[0].checked_at == loop_->now(); }));
  loop_.advance(kSoon);
  ASSERT_TRUE(loop_.run_until([this] { return watcher_.report().servers[0].checked_at == loop_->now(); }));
  EXPECT_TRUE(reader(0));
  loop_.advance(kSoon);
  ASSERT_TRUE(loop_.run_until([this] { return !reader(0); }));
  EXPECT_FALSE(watcher_.view()->servers[0].reachable);
  EXPECT_TRUE(reader(1));
  EXPECT_EQ(count(EventId::kServerDown), 1U);
}

TEST_F(ServiceWatcherTest, BringsAServerBackAfterRiseSuccesses) {
  one_.close();
  configure_two();
  finish_looks();
  EXPECT_FALSE(reader(0));
  one_.reopen();
  next_look();
  EXPECT_FALSE(reader(0));
  loop_.advance(kSoon);
  ASSERT_TRUE(loop_.run_until([this] { return reader(0); }));
  EXPECT_EQ(count(EventId::kServerUp), 2U);
}

TEST_F(ServiceWatcherTest, AServerThatDoesNotAnswerInTimeFails) {
  // An address that drops what it gets: the backlog of a listening socket that nobody accepts from and that is full.
  const int full = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const net::Address any = net::Address::from_ip("127.0.0.1", 0).value();
  ASSERT_EQ(::bind(full, any.raw(), any.length()), 0);
  ASSERT_EQ(::listen(full, 0), 0);
  const net::Address address = net::Address::local_of(full).value();
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int begun = ::connect(fillers.back(), address.raw(), address.length());
    ASSERT_TRUE(begun == 0 || errno == EINPROGRESS);
  }
  ASSERT_TRUE(configure(service_with({{"mx1", {"127.0.0.1", address.port(), ""}}})).ok());
  for (int i = 0; i < 5; ++i) loop_.turn();
  EXPECT_FALSE(watcher_.looked_at_all());
  loop_.advance(1001ms);
  ASSERT_TRUE(loop_.run_until([this] { return watcher_.looked_at_all(); }));
  EXPECT_EQ(watcher_.report().servers[0].health, policy::health::Health::kDown);
  for (const int fd : fillers) ::close(fd);
  ::close(full);
}

TEST_F(ServiceWatcherTest, DrainAndResumeTakeEffectAtOnceAndAreReportedOnce) {
  configure_two();
  finish_looks();
  ASSERT_TRUE(watcher_.set_drained("mx1", true).ok());
  EXPECT_FALSE(reader(0));
  EXPECT_TRUE(watcher_.view()->servers[0].drained);
  EXPECT_TRUE(watcher_.view()->servers[0].reachable);
  EXPECT_EQ(watcher_.report().servers[0].reason, "drained by the operator");
  ASSERT_TRUE(watcher_.set_drained("mx1", true).ok());
  EXPECT_EQ(count(EventId::kServerDrained), 1U);
  next_look();
  EXPECT_FALSE(reader(0));
  ASSERT_TRUE(watcher_.set_drained("mx1", false).ok());
  EXPECT_TRUE(reader(0));
  EXPECT_EQ(count(EventId::kServerResumed), 1U);
}

TEST_F(ServiceWatcherTest, DrainingWhatThereIsNotNamesWhatThereIs) {
  configure_two();
  const Result<void> done = watcher_.set_drained("mx3", true);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(done.error().context, "service 'mail' has no server 'mx3'; it has mx1, mx2");
}

TEST_F(ServiceWatcherTest, ReconfigureKeepsSlotsHealthAndDrain) {
  configure_two();
  finish_looks();
  ASSERT_TRUE(watcher_.set_drained("mx2", true).ok());
  Port three;
  ASSERT_TRUE(configure(service_with({{"mx3", three.endpoint()}, {"mx2", two_.endpoint()}})).ok());
  const upstream::ServiceView& view = *watcher_.view();
  ASSERT_EQ(view.servers.size(), 3U);
  EXPECT_EQ(view.servers[0].name, "mx1");
  EXPECT_FALSE(view.servers[0].present);
  EXPECT_FALSE(view.servers[0].reader);
  EXPECT_EQ(view.servers[1].name, "mx2");
  EXPECT_TRUE(view.servers[1].present);
  EXPECT_TRUE(view.servers[1].reachable);  // not forgotten until the next look
  EXPECT_TRUE(view.servers[1].drained);
  EXPECT_EQ(view.servers[2].name, "mx3");
  ASSERT_TRUE(loop_.run_until([this] { return reader(2); }));
  const ServiceReport report = watcher_.report();
  ASSERT_EQ(report.servers.size(), 2U);  // in the order of the file
  EXPECT_EQ(report.servers[0].name, "mx3");
  EXPECT_EQ(report.servers[0].slot, 2U);
}

TEST_F(ServiceWatcherTest, ARemovedServerIsNoLongerLookedAtAndReturnsToItsSlot) {
  configure_two();
  finish_looks();
  ASSERT_TRUE(configure(service_with({{"mx2", two_.endpoint()}})).ok());
  EXPECT_EQ(one_.visitors(), 1);
  for (int i = 0; i < 3; ++i) next_look();
  EXPECT_EQ(one_.visitors(), 0);
  configure_two();
  ASSERT_EQ(watcher_.view()->servers.size(), 2U);
  EXPECT_TRUE(watcher_.view()->servers[0].present);
  ASSERT_TRUE(loop_.run_until([this] { return one_.visitors() > 0; }));
}

TEST_F(ServiceWatcherTest, ANewAddressIsANewServer) {
  configure_two();
  finish_looks();
  Port moved;
  ASSERT_TRUE(configure(service_with({{"mx1", moved.endpoint()}, {"mx2", two_.endpoint()}})).ok());
  ASSERT_EQ(watcher_.view()->servers.size(), 3U);
  EXPECT_FALSE(watcher_.view()->servers[0].present);
  EXPECT_EQ(watcher_.view()->servers[2].name, "mx1");
  ASSERT_TRUE(loop_.run_until([this] { return reader(2); }));
}

TEST_F(ServiceWatcherTest, AnAddressThatIsSpeltOtherwiseIsTheSameServer) {
  const config::Endpoint by_name{"here", one_.endpoint().port, {}};
  upstream::AddressBook addresses;
  addresses.put("here", IpAddress::v4(127, 0, 0, 1));
  ASSERT_TRUE(configure(service_with({{"mx1", by_name}, {"mx2", two_.endpoint()}}), addresses).ok());
  finish_looks();
  ASSERT_TRUE(watcher_.set_drained("mx1", true).ok());
  const config::Endpoint in_numbers = one_.endpoint();
  ASSERT_TRUE(configure(service_with({{"mx1", in_numbers}, {"mx2", two_.endpoint()}})).ok());
  ASSERT_EQ(watcher_.view()->servers.size(), 2U);
  EXPECT_TRUE(watcher_.view()->servers[0].present);
  EXPECT_TRUE(watcher_.view()->servers[0].drained);
  EXPECT_EQ(watcher_.report().servers.at(0).address, in_numbers.to_string());
}

/// A server of this address, whether anybody listens there or not.
config::Service one_server_at(config::Service service, std::uint16_t port) {
  service.servers = {{"mx1", {"127.0.0.1", port, ""}, 1}};
  return service;
}

TEST_F(ServiceWatcherTest, AnyNumberOfServersInAServicesLifeFindsASlotWhenThoseOfBeforeAreGone) {
  const config::Service base = service_with({});
  for (int i = 0; i < 400; ++i) {
    const Result<void> done = configure(one_server_at(base, static_cast<std::uint16_t>(10000 + i)));
    ASSERT_TRUE(done.ok()) << i << ": " << done.error().context;
    views_.clear();  // no shard has one of before
    loop_.advance(kInterval);
    finish_looks();
    loop_.advance(kInterval);
    finish_looks();
  }
  EXPECT_LE(watcher_.view()->servers.size(), 4U);
  EXPECT_TRUE(watcher_.view()->servers[watcher_.report().servers[0].slot].present);
}

TEST_F(ServiceWatcherTest, ASlotStaysWithAServerThatSomebodyStillRefersTo) {
  const config::Service base = service_with({});
  ASSERT_TRUE(configure(one_server_at(base, 10000)).ok());
  const ServiceViewPtr held = watcher_.view();
  const auto lease = held->servers[0].lease;
  ASSERT_NE(lease, nullptr);
  for (int i = 1; i < 20; ++i) {
    ASSERT_TRUE(configure(one_server_at(base, static_cast<std::uint16_t>(10000 + i))).ok());
    views_.clear();
    next_look();
    next_look();
    EXPECT_FALSE(watcher_.view()->servers[0].present) << i;
    EXPECT_EQ(watcher_.view()->servers[0].lease, nullptr);
    EXPECT_NE(watcher_.report().servers[0].slot, 0U);
  }
}

TEST_F(ServiceWatcherTest, WithEverySlotInUseAReloadIsRefusedInWordsAndChangesNothing) {
  const config::Service base = service_with({});
  std::vector<ServiceViewPtr> held;  // sessions that do not come to an end
  for (std::size_t i = 0; i < kMostServers; ++i) {
    ASSERT_TRUE(configure(one_server_at(base, static_cast<std::uint16_t>(10000 + i))).ok()) << i;
    held.push_back(watcher_.view());
  }
  next_look();
  next_look();
  const ServiceViewPtr before = watcher_.view();
  const config::Service one_more = one_server_at(base, 9999);
  EXPECT_EQ(watcher_.has_room_for(one_more, {}).error().code, ErrorCode::kOverload);
  const Result<void> refused = configure(one_more);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().context,
            "service 'mail' has room for 256 servers, and 256 that reloads took out still have connections or were "
            "there a moment ago: reload again when they are done");
  EXPECT_EQ(watcher_.view(), before);
  // Those that are configured and those that come back need no new slot.
  EXPECT_TRUE(configure(one_server_at(base, 10000)).ok());
  held.clear();
  views_.clear();
  loop_.advance(kInterval);
  finish_looks();
  next_look();
  next_look();
  EXPECT_TRUE(configure(one_more).ok());
}

TEST_F(ServiceWatcherTest, AServerThatComesBackHasItsSlotEvenWhenOthersLookForOne) {
  const config::Service base = service_with({});
  config::Service two = base;
  two.servers = {{"mx1", {"127.0.0.1", 10001, ""}, 1}, {"mx2", {"127.0.0.1", 10002, ""}, 1}};
  ASSERT_TRUE(configure(two).ok());
  ASSERT_TRUE(configure(one_server_at(base, 10001)).ok());
  views_.clear();
  next_look();
  next_look();
  config::Service three = two;
  three.servers.insert(three.servers.begin(), {"mx0", {"127.0.0.1", 10000, ""}, 1});
  ASSERT_TRUE(configure(three).ok());
  EXPECT_EQ(watcher_.view()->servers[1].name, "mx2");
  EXPECT_TRUE(watcher_.view()->servers[1].present);
  EXPECT_EQ(watcher_.view()->servers[2].name, "mx0");
}

TEST_F(ServiceWatcherTest, AConfigurationWhoseNameCannotBeResolvedChangesNothing) {
  configure_two();
  finish_looks();
  const ServiceViewPtr before = watcher_.view();
  const Result<void> done = configure(service_with({{"mx9", {"", 0, std::string(200, 'x')}}}));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().context.find("server 'mx9': "), 0U) << done.error().context;
  EXPECT_EQ(watcher_.view(), before);
  EXPECT_EQ(watcher_.report().servers.size(), 2U);
}

TEST_F(ServiceWatcherTest, WeightZeroIsLookedAtButTakesNothing) {
  config::Service service = service_with({{"mx1", one_.endpoint()}, {"mx2", two_.endpoint()}});
  service.servers[0].weight = 0;
  ASSERT_TRUE(configure(service).ok());
  finish_looks();
  EXPECT_FALSE(reader(0));
  EXPECT_TRUE(watcher_.view()->servers[0].reachable);
}

TEST_F(ServiceWatcherTest, NewsOfAFailureBringTheNextLookForward) {
  configure_two();
  finish_looks();
  EXPECT_EQ(one_.visitors(), 1);
  loop_.advance(100ms);
  EXPECT_EQ(one_.visitors(), 0);
  watcher_.live_failure(0, "connection reset");
  ASSERT_TRUE(loop_.run_until([this] { return watcher_.report().servers[0].checked_at == loop_->now(); }));
  EXPECT_EQ(one_.visitors(), 1);
  EXPECT_EQ(two_.visitors(), 1);  // its first look alone
  EXPECT_TRUE(reader(0));
}

TEST_F(ServiceWatcherTest, ABurstOfNewsIsOneLookAndNoMoreThanOneEveryMoment) {
  configure_two();
  finish_looks();
  EXPECT_EQ(one_.visitors(), 1);
  for (int i = 0; i < 1000; ++i) watcher_.live_failure(0, "connection reset");
  EXPECT_TRUE(reader(0));  // fall is 3, and a burst is one piece of evidence
  for (int i = 0; i < 3; ++i) loop_.turn();
  EXPECT_EQ(one_.visitors(), 0);
  loop_.advance(kSoon);
  ASSERT_TRUE(loop_.run_until([this] { return watcher_.report().servers[0].checked_at == loop_->now(); }));
  EXPECT_EQ(one_.visitors(), 1);
}

TEST_F(ServiceWatcherTest, NewsCanTakeAServerOutBetweenTwoLooks) {
  config::Service service = service_with({{"mx1", one_.endpoint()}});
  service.check.fall = 1;
  ASSERT_TRUE(configure(service).ok());
  finish_looks();
  watcher_.live_failure(0, "connection reset by peer");
  EXPECT_FALSE(reader(0));
  EXPECT_EQ(watcher_.report().servers[0].reason, "connection reset by peer");
  EXPECT_EQ(count(EventId::kServerDown), 1U);
}

TEST_F(ServiceWatcherTest, NewsOfServersThatAreNotThereAreIgnored) {
  configure_two();
  finish_looks();
  const std::size_t views = views_.size();
  watcher_.live_failure(99, "x");
  ASSERT_TRUE(configure(service_with({{"mx2", two_.endpoint()}})).ok());
  watcher_.live_failure(0, "x");
  EXPECT_EQ(views_.size(), views + 1);
  EXPECT_EQ(count(EventId::kServerDown), 0U);
}

}  // namespace
}  // namespace hf::topology
