// Names with look-ups that the test answers, on a clock that the test moves.
#include "app/names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "runtime/stepped_loop_fake.h"

namespace hf::app {
namespace {

using runtime::Task;

IpAddress ip(std::uint8_t last) { return IpAddress::v4(10, 0, 0, last); }

class NamesTest : public testing::Test {
 protected:
  struct Answer {
    Result<net::Resolved> resolved;
    bool silent = false;  // until the deadline
  };

  NamesTest() = default;
  ~NamesTest() override {
    runtime::Scope closing(*loop_);
    closing.spawn("close", close, &names_, Deadline::never());
    EXPECT_TRUE(loop_.run_until_empty(closing));
  }
  static Task<void> close(Names* names, Deadline deadline) {
    const Result<void> closed = co_await names->close(deadline);
    EXPECT_TRUE(closed.ok());
  }
  static Task<Result<net::Resolved>> look_up(NamesTest* self, std::string name, Deadline deadline) {
    self->asked_.push_back(name);
    const auto answer = self->answers_.find(name);
    if (answer == self->answers_.end()) {
      co_return Error{ErrorCode::kNotFound, "cannot resolve '" + name + "': there is no such name"};
    }
    if (!answer->second.silent) co_return answer->second.resolved;
    const Result<void> slept = co_await runtime::sleep_until(deadline);
    co_return Error{slept.ok() ? ErrorCode::kTimeout : ErrorCode::kCancelled,
                    "cannot resolve '" + name + "': no name server answered in time"};
  }

  void answer(const std::string& name, std::vector<IpAddress> addresses, Nanos good_for = 1h) {
    answers_.insert_or_assign(name, Answer{net::Resolved{std::move(addresses), good_for}});
  }
  void forget(const std::string& name) { answers_.erase(name); }
  void silence(const std::string& name) { answers_.insert_or_assign(name, Answer{Error{}, true}); }

  static config::Service service(const std::string& name, std::vector<std::string> hosts, Nanos interval = 30s) {
    config::Service service;
    service.name = name;
    service.resolve_interval = interval;
    for (const std::string& host : hosts) service.servers.push_back({host, {host, 3306, ""}, 1});
    return service;
  }
  static config::ConfigPtr config(std::vector<config::Service> services) {
    auto config = std::make_shared<config::Config>();
    config->services = std::move(services);
    return config;
  }
  static Task<void> find(Names* names, config::ConfigPtr config, std::optional<Names::Found>* found) {
    Names::Found result = co_await Names::look_up(names, std::move(config));
    found->emplace(std::move(result));
  }
  Names::Found found(const config::ConfigPtr& config) {
    std::optional<Names::Found> found;
    runtime::Scope scope(*loop_);
    scope.spawn("find", find, &names_, config, &found);
    EXPECT_TRUE(loop_.run_until([&] {
      if (!scope.empty()) loop_.advance(100ms);
      return scope.empty();
    }));
    return std::move(found).value_or(Names::Found{});
  }
  /// As start and reload do.
  void take(const config::ConfigPtr& config) { names_.adopt(*config, found(config)); }
  std::string address(const Names::Found& found, const std::string& name) const {
    const Result<net::Address> address = names_.book(found).find({name, 3306, ""});
    return address.ok() ? address->to_string() : address.error().context;
  }
  void pass(Nanos time) {
    for (Nanos left = time; left > 0s; left -= 100ms) loop_.advance(100ms);
    for (int i = 0; i < 4; ++i) loop_->turn(Deadline{TimePoint{0}});
  }
  std::size_t asked(const std::string& name) const {
    return static_cast<std::size_t>(std::ranges::count(asked_, name));
  }
  std::vector<std::string> told(EventId id) const {
    std::vector<std::string> told;
    for (const Event& event : events_) {
      if (event.id() != id) continue;
      std::string text;
      for (const EventField& field : event.fields) text += (text.empty() ? "" : " ") + field.value;
      told.push_back(text);
    }
    return told;
  }

  runtime::SteppedLoop loop_;
  std::map<std::string, Answer> answers_;
  std::vector<std::string> asked_;
  std::vector<Event> events_;
  std::vector<std::string> moves_;
  Result<void> may_move_;
  Names names_{{*loop_,
                [this](std::string name, Deadline deadline) { return look_up(this, std::move(name), deadline); },
                [this](Event event) { events_.push_back(std::move(event)); },
                [this](const std::string& name, const upstream::AddressBook& book) {
                  if (may_move_.ok()) moves_.push_back(name + " to " + book.find({name, 3306, ""}).value().to_string());
                  return may_move_;
                },
                7}};
};

TEST_F(NamesTest, EachNameIsAskedForOnceAndNumbersNever) {
  answer("db1.example", {ip(1)});
  answer("db2.example", {ip(2)});
  auto both = std::make_shared<config::Config>();
  both->services = {service("a", {"db1.example", "db2.example", "10.0.0.9"}), service("b", {"db1.example"})};
  const Names::Found result = found(both);
  std::ranges::sort(asked_);
  EXPECT_EQ(asked_, (std::vector<std::string>{"db1.example", "db2.example"}));
  EXPECT_EQ(address(result, "db1.example"), "10.0.0.1:3306");
  EXPECT_TRUE(events_.empty());
}

TEST_F(NamesTest, AllNamesOfAConfigurationTogetherTakeOnePatienceAtMost) {
  std::vector<std::string> hosts;
  for (int i = 0; i < 20; ++i) hosts.push_back("db" + std::to_string(i) + ".example");
  for (const std::string& host : hosts) silence(host);
  const TimePoint began = loop_->now();
  const Names::Found result = found(config({service("a", hosts)}));
  EXPECT_EQ(result.size(), 20U);
  EXPECT_LE(loop_->now() - began, Names::kPatience + 200ms);
  EXPECT_EQ(address(result, "db7.example"), "cannot resolve 'db7.example': no name server answered in time");
}

TEST_F(NamesTest, ANameThatIsKnownKeepsItsAddressInAReloadThatCannotLookItUp) {
  answer("db1.example", {ip(1)});
  take(config({service("a", {"db1.example"})}));
  silence("db1.example");
  const config::ConfigPtr next = config({service("a", {"db1.example", "db2.example"})});
  const Names::Found result = found(next);
  EXPECT_EQ(address(result, "db1.example"), "10.0.0.1:3306");
  EXPECT_EQ(address(result, "db2.example"), "cannot resolve 'db2.example': there is no such name");
  EXPECT_TRUE(events_.empty()) << "nothing takes part yet";
  take(config({service("a", {"db1.example"})}));
  EXPECT_EQ(
      told(EventId::kNameUnresolved),
      (std::vector<std::string>{"db1.example 10.0.0.1 cannot resolve 'db1.example': no name server answered in time"}));
}

TEST_F(NamesTest, AReloadTakesANewAddressOver) {
  answer("db1.example", {ip(1)});
  take(config({service("a", {"db1.example"})}));
  answer("db1.example", {ip(2)});
  const config::ConfigPtr next = config({service("a", {"db1.example"})});
  const Names::Found result = found(next);
  EXPECT_EQ(address(result, "db1.example"), "10.0.0.2:3306");
  names_.adopt(*next, result);
  EXPECT_EQ(told(EventId::kNameMoved), (std::vector<std::string>{"db1.example 10.0.0.1 10.0.0.2"}));
  EXPECT_TRUE(moves_.empty()) << "whoever adopts configures himself";
}

TEST_F(NamesTest, ANameThatLeftTheConfigurationIsForgotten) {
  answer("db1.example", {ip(1)});
  answer("db2.example", {ip(2)});
  take(config({service("a", {"db1.example"})}));
  take(config({service("a", {"db2.example"})}));
  const std::size_t asked_before = asked("db1.example");
  pass(2min);
  EXPECT_EQ(asked("db1.example"), asked_before);
  forget("db1.example");
  EXPECT_EQ(address(found(config({service("a", {"db1.example"})})), "db1.example"),
            "cannot resolve 'db1.example': there is no such name");
}

TEST_F(NamesTest, IsLookedUpAgainWhenTheAnswerHoldsNoLonger) {
  answer("db1.example", {ip(1)}, 10s);
  take(config({service("a", {"db1.example"})}));
  pass(9s);
  EXPECT_EQ(asked("db1.example"), 1U);
  pass(3s);
  EXPECT_EQ(asked("db1.example"), 2U);
}

TEST_F(NamesTest, IsLookedUpAgainAfterTheIntervalHoweverLongTheAnswerHolds) {
  answer("db1.example", {ip(1)}, 1h);
  answer("db2.example", {ip(2)}, 1h);
  take(config({service("a", {"db1.example", "db2.example"}, 1min), service("b", {"db1.example"}, 20s)}));
  pass(24s);
  EXPECT_EQ(asked("db1.example"), 2U) << "the shorter interval counts";
  EXPECT_EQ(asked("db2.example"), 1U);
  pass(60s);
  EXPECT_EQ(asked("db2.example"), 2U);
}

TEST_F(NamesTest, WithoutAnIntervalNothingIsLookedUpAgain) {
  answer("db1.example", {ip(1)}, 1s);
  take(config({service("a", {"db1.example"}, 0s)}));
  pass(5min);
  EXPECT_EQ(asked("db1.example"), 1U);
}

TEST_F(NamesTest, AReloadChangesTheInterval) {
  answer("db1.example", {ip(1)}, 1h);
  take(config({service("a", {"db1.example"}, 1h)}));
  take(config({service("a", {"db1.example"}, 10s)}));
  pass(12s);
  EXPECT_EQ(asked("db1.example"), 3U);
  take(config({service("a", {"db1.example"}, 0s)}));
  pass(1min);
  EXPECT_EQ(asked("db1.example"), 4U);
  take(config({service("a", {"db1.example"}, 10s)}));
  pass(12s);
  EXPECT_EQ(asked("db1.example"), 6U);
}

TEST_F(NamesTest, AnotherAddressTakesPart) {
  answer("db1.example", {ip(1)}, 2s);
  take(config({service("a", {"db1.example"})}));
  answer("db1.example", {ip(2), ip(3)}, 2s);
  pass(3s);
  EXPECT_EQ(moves_, (std::vector<std::string>{"db1.example to 10.0.0.2:3306"}));
  EXPECT_EQ(told(EventId::kNameMoved), (std::vector<std::string>{"db1.example 10.0.0.1 10.0.0.2"}));
}

TEST_F(NamesTest, AnAddressThatIsStillAmongThemStays) {
  answer("db1.example", {ip(1), ip(2)}, 2s);
  take(config({service("a", {"db1.example"})}));
  answer("db1.example", {ip(3), ip(2), ip(1)}, 2s);
  pass(30s);
  EXPECT_GT(asked("db1.example"), 5U);
  EXPECT_TRUE(moves_.empty());
  EXPECT_TRUE(events_.empty());
  EXPECT_EQ(address(found(config({service("a", {"db1.example"})})), "db1.example"), "10.0.0.1:3306");
}

TEST_F(NamesTest, AMoveThatFindsNoRoomIsTriedAgain) {
  answer("db1.example", {ip(1)}, 2s);
  take(config({service("a", {"db1.example"})}));
  answer("db1.example", {ip(2)}, 2s);
  may_move_ = Error{ErrorCode::kOverload, "no room"};
  pass(3s);
  EXPECT_EQ(told(EventId::kNameUnresolved), (std::vector<std::string>{"db1.example 10.0.0.1 no room"}));
  EXPECT_TRUE(told(EventId::kNameMoved).empty());
  may_move_ = Result<void>{};
  pass(10s);
  EXPECT_EQ(moves_, (std::vector<std::string>{"db1.example to 10.0.0.2:3306"}));
}

TEST_F(NamesTest, FailuresKeepTheAddressAndComeFartherAndFartherApart) {
  answer("db1.example", {ip(1)}, 1s);
  take(config({service("a", {"db1.example"})}));
  forget("db1.example");
  pass(1h);
  const std::size_t failures = told(EventId::kNameUnresolved).size();
  EXPECT_GE(failures, 10U);
  EXPECT_LE(failures, 25U);  // 1, 2, 4 … 256 s, then every five minutes
  answer("db1.example", {ip(1)}, 1s);
  pass(6min);
  const std::size_t asked_before = asked("db1.example");
  pass(10s);
  EXPECT_GE(asked("db1.example"), asked_before + 7) << "all is as before";
  EXPECT_TRUE(moves_.empty());
}

TEST_F(NamesTest, NamesThatWereLookedUpTogetherAreSpread) {
  std::vector<std::string> hosts;
  for (int i = 0; i < 50; ++i) hosts.push_back("db" + std::to_string(i) + ".example");
  for (const std::string& host : hosts) answer(host, {ip(1)}, 1h);
  take(config({service("a", hosts, 40s)}));
  const std::size_t before = asked_.size();
  pass(40s);
  EXPECT_LE(asked_.size() - before, 2U);
  std::size_t most = 0;
  for (int i = 0; i < 55; ++i) {
    const std::size_t so_far = asked_.size();
    pass(100ms);
    most = std::max(most, asked_.size() - so_far);
  }
  EXPECT_EQ(asked_.size() - before, 50U);
  EXPECT_LE(most, 10U);
}

TEST_F(NamesTest, AReloadDuringALookUpOfANameDisturbsNeither) {
  answer("db1.example", {ip(1)}, 2s);
  take(config({service("a", {"db1.example"})}));
  silence("db1.example");
  pass(3s);  // its look-up is on its way
  answer("db1.example", {ip(2)}, 2s);
  take(config({service("a", {"db1.example"})}));
  EXPECT_EQ(told(EventId::kNameMoved).size(), 1U);
  answer("db2.example", {ip(9)});
  take(config({service("a", {"db2.example"})}));
  take(config({service("a", {"db1.example"})}));
  pass(10s);
  EXPECT_TRUE(moves_.empty());
}

TEST_F(NamesTest, WhoeverAsksForOneAddressGetsTheFirst) {
  answer("mail.example", {ip(5), ip(6)});
  std::vector<std::string> answers;
  const auto ask = [](Names* names, config::Endpoint endpoint, std::vector<std::string>* into) -> Task<void> {
    const Result<net::Address> address = co_await Names::address_of(names, std::move(endpoint), Deadline::never());
    into->push_back(address.ok() ? address->to_string() : address.error().context);
  };
  runtime::Scope scope(*loop_);
  for (const std::string& host : {"mail.example", "10.0.0.7", "other.example"}) {
    scope.spawn("ask", ask, &names_, config::Endpoint{host, 25, ""}, &answers);
  }
  EXPECT_TRUE(loop_.run_until_empty(scope));
  EXPECT_EQ(answers, (std::vector<std::string>{"10.0.0.5:25", "10.0.0.7:25",
                                               "cannot resolve 'other.example': there is no such name"}));
  EXPECT_EQ(asked("10.0.0.7"), 0U);
}

}  // namespace
}  // namespace hf::app
