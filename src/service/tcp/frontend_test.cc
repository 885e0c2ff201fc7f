// A whole TCP session: which server it gets, what happens when servers do not answer, and how it ends.
#include "service/tcp/frontend.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/shard.h"
#include "upstream/places.h"

namespace hf::service::tcp {
namespace {

int bound() {
  return net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
}

/// One shard that runs in the test's thread, with a TCP service whose servers are loopback ports.
class ServeTest : public ::testing::Test {
 protected:
  ServeTest() {
    config_->services.resize(1);
    config_->services[0].name = "mail";
    config_->services[0].balance = config::Balance::kRoundRobin;
    view_->service = config_->services.data();
    view_->config = config_;
  }
  ~ServeTest() override {
    bool closed = false;
    shard_.close_all(Nanos::zero(), [&] { closed = true; });
    run_until([&] { return closed; });
    turn();  // the closing task itself ends
    for (const int fd : silent_) ::close(fd);
  }
  void add_server(const net::Address& address) {
    upstream::ServerView& server = view_->servers.emplace_back();
    server.name = "mx" + std::to_string(view_->servers.size());
    server.address = address;
    server.present = server.reachable = server.reader = true;
    server.weight = 100;
    server.places = std::make_shared<upstream::Places>(100);
  }
  net::Address listen_for_clients() {
    const int fd = bound();
    const net::Address address = net::Address::local_of(fd).value();
    service_ = &shard_.add(shared_, view_);
    service_->listen("front", fd, {});
    return address;
  }
  /// Nobody listens there, and nobody else can have it meanwhile.
  net::Address closed_port() {
    const net::Address any = net::Address::from_ip("127.0.0.1", 0).value();
    silent_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(silent_.back(), any.raw(), any.length()), 0);
    return net::Address::local_of(silent_.back()).value();
  }
  /// A client that blocks nobody: the kernel completes its connection in the backlog.
  static int connect_client(const net::Address& address) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, address.raw(), address.length()), 0);
    return fd;
  }
  void turn() { shard_.loop().turn(shard_.loop().deadline_in(5ms)); }
  template <typename Done>
  bool run_until(Done done) {
    for (int turns = 0; turns < 2000; ++turns) {
      if (done()) return true;
      turn();
    }
    return false;
  }

  struct Failed {
    std::string service;
    upstream::ServerSlot slot;
  };
  std::vector<int> silent_;
  std::vector<Failed> failed_;
  std::vector<Event> events_;
  Control control_{[this](const std::string& service, upstream::ServerSlot slot, const std::string&) {
                     failed_.push_back({service, slot});
                   },
                   [this](Event event) { events_.push_back(std::move(event)); }};
  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  std::shared_ptr<upstream::ServiceView> view_ = std::make_shared<upstream::ServiceView>();
  std::shared_ptr<ServiceShared> shared_ = std::make_shared<ServiceShared>("mail", make_frontends());
  Shard shard_{0, control_, 1};
  ServiceShard* service_ = nullptr;
};

std::string read_what_is_there(int fd) {
  char buffer[256];
  const ssize_t n = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  return n < 0 ? "nothing" : n == 0 ? "end of stream" : std::string(buffer, static_cast<std::size_t>(n));
}

TEST_F(ServeTest, GoesToTheNextServerWhenOneRefusesAndSaysSo) {
  const int server = bound();
  add_server(closed_port());
  add_server(net::Address::local_of(server).value());
  const int client = connect_client(listen_for_clients());
  EXPECT_EQ(::send(client, "hello", 5, 0), 5);
  int accepted = -1;
  ASSERT_TRUE(run_until([&] { return (accepted = ::accept4(server, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; }));
  std::string got;
  ASSERT_TRUE(run_until([&] { return (got = read_what_is_there(accepted)) != "nothing"; }));
  EXPECT_EQ(got, "hello");
  ASSERT_EQ(failed_.size(), 1U);
  EXPECT_EQ(failed_[0].service, "mail");
  EXPECT_EQ(failed_[0].slot, 0U);
  EXPECT_EQ(service_->server(0).counters.connect_failures.get(), 1U);
  EXPECT_EQ(service_->server(1).counters.connections_open.get(), 1U);
  EXPECT_EQ(service_->server(1).counters.in_flight.get(), 1U);
  EXPECT_EQ(service_->counters().clients.get(), 1U);
  EXPECT_EQ(shared_->clients.load(), 1U);
  ::close(accepted);
  ::close(client);
  ASSERT_TRUE(run_until([&] { return service_->sessions() == 0; }));
  EXPECT_EQ(service_->server(1).counters.connections_open.get(), 0U);
  EXPECT_EQ(service_->server(1).in_flight, 0U);
  EXPECT_EQ(service_->server(1).counters.in_flight.get(), 0U);
  EXPECT_EQ(service_->counters().clients.get(), 0U);
  EXPECT_EQ(shared_->clients.load(), 0U);
  ::close(server);
}

TEST_F(ServeTest, WithoutAServerTheClientIsClosed) {
  add_server(closed_port());
  const int client = connect_client(listen_for_clients());
  std::string got;
  ASSERT_TRUE(run_until([&] { return (got = read_what_is_there(client)) != "nothing"; }));
  EXPECT_EQ(got, "end of stream");
  EXPECT_EQ(failed_.size(), 1U);
  EXPECT_EQ(service_->sessions(), 0U);
  EXPECT_EQ(shared_->clients.load(), 0U);
  ::close(client);
}

/// What its end has come to once the client hears of it: "reset" when the kernel kept nothing to send.
std::string end_of(int fd) {
  char byte = 0;
  const ssize_t n = ::recv(fd, &byte, 1, MSG_DONTWAIT);
  return n == 0 ? "end of stream" : n > 0 ? "a byte" : errno == ECONNRESET ? "reset" : "nothing";
}

TEST_F(ServeTest, ClientsOfAnAddressThatLeavesAreCutOnBothSidesAndOthersStay) {
  const int server = bound();
  add_server(net::Address::local_of(server).value());
  const int wildcard =
      net::Listener::bind(net::Address::from_ip("0.0.0.0", 0).value(), net::PortSharing::kExclusive).value();
  const std::uint16_t port = net::Address::local_of(wildcard).value().port();
  service_ = &shard_.add(shared_, view_);
  service_->listen("front", wildcard, {});
  const int leaving = connect_client(net::Address::from_ip("127.0.0.2", port).value());
  const int staying = connect_client(net::Address::from_ip("127.0.0.3", port).value());
  ASSERT_TRUE(run_until([&] { return service_->server(0).in_flight == 2; }));
  EXPECT_EQ(service_->live_clients().size(), 2U);
  shard_.cut_clients_on(net::Address::from_ip("127.0.0.2", 0).value(), "the node stops");
  std::string got;
  ASSERT_TRUE(run_until([&] { return (got = end_of(leaving)) != "nothing"; }));
  EXPECT_EQ(got, "reset");
  ASSERT_TRUE(run_until([&] { return service_->sessions() == 1; }));
  EXPECT_EQ(end_of(staying), "nothing");
  EXPECT_EQ(service_->server(0).in_flight, 1U);
  EXPECT_EQ(service_->live_clients().size(), 1U);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].id(), EventId::kClientsCut);
  EXPECT_EQ(events_[0].field("clients"), "1");
  EXPECT_EQ(events_[0].field("address"), "127.0.0.2");
  EXPECT_EQ(events_[0].field("reason"), "the node stops");
  EXPECT_EQ(unknown_field(events_[0]), "");
  ::close(leaving);
  ::close(staying);
  ::close(server);
}

TEST_F(ServeTest, AClientThatHasHalfClosedIsCutWithItsServer) {
  const int server = bound();
  add_server(net::Address::local_of(server).value());
  const int client = connect_client(listen_for_clients());
  int accepted = -1;
  ASSERT_TRUE(run_until([&] { return (accepted = ::accept4(server, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; }));
  ::shutdown(client, SHUT_WR);
  ASSERT_TRUE(run_until([&] { return end_of(accepted) == "end of stream"; }));
  EXPECT_EQ(service_->cut_clients_on(net::Address::from_ip("127.0.0.1", 0).value(), "test"), 1U);
  ASSERT_TRUE(run_until([&] { return service_->sessions() == 0; }));
  EXPECT_EQ(service_->cut_clients_on(net::Address::from_ip("127.0.0.1", 0).value(), "test"), 0U);
  EXPECT_EQ(events_.size(), 1U) << "no event when nobody was cut";
  ::close(accepted);
  ::close(client);
  ::close(server);
}

TEST_F(ServeTest, ClosingTheServiceEndsASessionInTheMiddle) {
  const int server = bound();
  add_server(net::Address::local_of(server).value());
  const int client = connect_client(listen_for_clients());
  ASSERT_TRUE(run_until([&] { return service_->server(0).in_flight == 1; }));
  bool closed = false;
  shard_.close_all(Nanos::zero(), [&] { closed = true; });
  ASSERT_TRUE(run_until([&] { return closed; }));
  std::string got;
  ASSERT_TRUE(run_until([&] { return (got = read_what_is_there(client)) != "nothing"; }));
  EXPECT_EQ(got, "end of stream");
  EXPECT_EQ(shared_->clients.load(), 0U);
  ::close(client);
  ::close(server);
}

}  // namespace
}  // namespace hf::service::tcp
