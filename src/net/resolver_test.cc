// Names against a name server of our own on the loopback, on the kernel's clock: c-ares goes by no other.
#include "net/resolver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>

#include <sys/stat.h>
#include <unistd.h>

#include "net/name_server_fake.h"
#include "runtime/epoll_poller.h"
#include "runtime/scope.h"

namespace hf::net {
namespace {

using runtime::Task;

const std::string kOne = {10, 0, 0, 1};
const std::string kTwo = {10, 0, 0, 2};
const std::string kSix = std::string("\xfd\x00\x00\x18", 4) + std::string(11, '\0') + '\x07';
constexpr Nanos kPatience = 60ms;  // with the name server of a test

/// A loop, a name server, a resolver that asks it.
class ResolverTest : public testing::Test {
 protected:
  ResolverTest() { write_resolv_conf("nameserver 127.0.0.1\n"); }
  ~ResolverTest() override {
    scope_.cancel();
    until([this] { return scope_.empty(); });
    std::remove(resolv_conf_.c_str());
  }

  void write_resolv_conf(const std::string& text) const { std::ofstream(resolv_conf_) << text; }

  template <typename Done>
  bool until(Done done) {
    const Deadline limit = Deadline::after(loop_.now(), 10s);
    while (!done() && !limit.passed(loop_.now())) loop_.turn(Deadline::after(loop_.now(), 20ms));
    return done();
  }

  struct Asking {
    std::optional<Result<Resolved>> result;
  };
  static Task<void> ask(Resolver* resolver, std::string name, Deadline deadline, Asking* asking) {
    Result<Resolved> result = co_await resolver->resolve(std::move(name), deadline);
    asking->result.emplace(std::move(result));
  }
  void begin(const std::string& name, Asking& asking, Nanos patience = 5s) {
    scope_.spawn("ask", ask, &resolver_, name, Deadline::after(loop_.poller().now(), patience), &asking);
  }
  Result<Resolved> resolve(const std::string& name, Nanos patience = 5s) {
    Asking asking;
    begin(name, asking, patience);
    EXPECT_TRUE(until([&] { return asking.result.has_value(); }));
    return asking.result.value_or(Error{ErrorCode::kSystem, "it never ended"});
  }
  static std::string words(const Result<Resolved>& resolved) {
    if (!resolved.ok()) return resolved.error().context;
    std::string text;
    for (const IpAddress& address : resolved->addresses) text += (text.empty() ? "" : " ") + address.to_string();
    return text;
  }
  std::size_t asked_over_tcp() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(server_.asked(), [](const Question& question) { return question.over_tcp; }));
  }
  /// Each A question draws `address`, each AAAA question an empty answer.
  static NameServerFake::Answer address(std::string address, std::uint32_t life) {
    return [address, life](const Question& question) -> std::vector<std::string> {
      if (question.type == Asked::kAaaa) return {Reply(question).bytes()};
      return {Reply(question).address(question.name, address, life).bytes()};
    };
  }

  runtime::EventLoop loop_{std::make_unique<runtime::EpollPoller>()};
  NameServerFake server_{loop_};
  std::string resolv_conf_ = testing::TempDir() + "hf_resolv_" + std::to_string(::getpid());
  Resolver resolver_{loop_, {.resolv_conf = resolv_conf_, .port = server_.port(), .patience = kPatience, .rounds = 2}};
  runtime::Scope scope_{loop_};
};

TEST_F(ResolverTest, GivesTheAddressAndHowLongItIsGood) {
  server_.answer(address(kOne, 30));
  const Result<Resolved> found = resolve("db1.example");
  EXPECT_EQ(words(found), "10.0.0.1");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->good_for, 30s);
  EXPECT_EQ(resolver_.under_way(), 0U);
}

TEST_F(ResolverTest, GivesAllAddressesOfBothFamilies) {
  server_.answer([](const Question& question) -> std::vector<std::string> {
    if (question.type == Asked::kAaaa) return {Reply(question).address(question.name, kSix, 40).bytes()};
    return {Reply(question).address(question.name, kOne, 50).address(question.name, kTwo, 20).bytes()};
  });
  const Result<Resolved> found = resolve("db1.example");
  ASSERT_TRUE(found.ok()) << words(found);
  ASSERT_EQ(found->addresses.size(), 3U);
  EXPECT_EQ(std::ranges::count(found->addresses, IpAddress::v4(10, 0, 0, 1)), 1);
  EXPECT_EQ(std::ranges::count(found->addresses, IpAddress::v4(10, 0, 0, 2)), 1);
  EXPECT_EQ(std::ranges::count(found->addresses, IpAddress::v6({0xfd00, 0x18, 0, 0, 0, 0, 0, 7})), 1);
  EXPECT_EQ(found->good_for, 20s);  // as its shortest
}

TEST_F(ResolverTest, OfMoreAddressesThanAnyNameNeedsTheRestIsLeftOut) {
  server_.answer([](const Question& question) -> std::vector<std::string> {
    if (question.type == Asked::kAaaa) return {Reply(question).bytes()};
    if (!question.over_tcp) return {Reply(question).truncated().bytes()};
    Reply reply(question);
    for (int i = 0; i < 500; ++i) {
      reply.address(question.name, {10, 1, static_cast<char>(i / 100), static_cast<char>(i % 100)}, 60);
    }
    return {reply.bytes()};
  });
  const Result<Resolved> found = resolve("db1.example");
  ASSERT_TRUE(found.ok()) << words(found);
  EXPECT_EQ(found->addresses.size(), Resolver::kMostAddresses);
}

TEST_F(ResolverTest, ANameThatIsNotThereIsAnErrorThatNamesIt) {
  server_.answer(
      [](const Question& question) -> std::vector<std::string> { return {Reply(question).code(3).bytes()}; });
  const Result<Resolved> found = resolve("nowhere.example");
  EXPECT_EQ(words(found), "cannot resolve 'nowhere.example': there is no such name");
  EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
}

TEST_F(ResolverTest, ANameWithoutAnAddressIsAnErrorOfItsOwn) {
  server_.answer([](const Question& question) -> std::vector<std::string> { return {Reply(question).bytes()}; });
  const Result<Resolved> found = resolve("mail.example");
  EXPECT_EQ(words(found), "cannot resolve 'mail.example': the name has no address");
  EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
}

TEST_F(ResolverTest, ASilentNameServerIsAskedTwiceAndGivenUp) {
  const TimePoint began = loop_.poller().now();
  const Result<Resolved> found = resolve("db1.example");
  EXPECT_EQ(words(found), "cannot resolve 'db1.example': no name server answered");
  EXPECT_EQ(found.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(server_.asked().size(), 4U);  // A and AAAA
  EXPECT_LT(loop_.poller().now() - began, 2s);
}

TEST_F(ResolverTest, TheDeadlineComesBeforeThePatience) {
  const Result<Resolved> found = resolve("db1.example", 10ms);
  EXPECT_EQ(words(found), "cannot resolve 'db1.example': no name server answered in time");
  EXPECT_EQ(found.error().code, ErrorCode::kTimeout);
}

TEST_F(ResolverTest, ALaterNameServerIsAskedWhereTheFirstIsSilent) {
  write_resolv_conf("nameserver 127.0.0.99\nnameserver 127.0.0.1\n");  // nobody is there
  server_.answer(address(kOne, 30));
  EXPECT_EQ(words(resolve("db1.example")), "10.0.0.1");
}

TEST_F(ResolverTest, ANameServerThatDiesWithTheQuestionEndsInAnError) {
  server_.answer([this](const Question& /*question*/) -> std::vector<std::string> {
    loop_.post([this] { server_.die(); });
    return {};
  });
  EXPECT_FALSE(resolve("db1.example").ok());
  const Result<Resolved> found = resolve("db1.example");  // now that nobody is there: refused, where the kernel tells
  ASSERT_FALSE(found.ok());
  EXPECT_TRUE(found.error().code == ErrorCode::kUnreachable || found.error().code == ErrorCode::kTimeout)
      << words(found);
}

TEST_F(ResolverTest, ATruncatedAnswerIsFetchedOverTcp) {
  server_.answer([](const Question& question) -> std::vector<std::string> {
    if (question.type == Asked::kAaaa) return {Reply(question).bytes()};
    if (!question.over_tcp) return {Reply(question).truncated().bytes()};
    return {Reply(question).address(question.name, kTwo, 60).bytes()};
  });
  EXPECT_EQ(words(resolve("db1.example")), "10.0.0.2");
  EXPECT_EQ(asked_over_tcp(), 1U);
}

TEST_F(ResolverTest, AnAnswerOverTcpThatComesInPiecesIsPutTogether) {
  server_.dribble();
  server_.answer([](const Question& question) -> std::vector<std::string> {
    if (!question.over_tcp) return {Reply(question).truncated().bytes()};
    return {Reply(question).address(question.name, question.type == Asked::kA ? kOne : kSix, 60).bytes()};
  });
  const Result<Resolved> found = resolve("db1.example");
  ASSERT_TRUE(found.ok()) << words(found);
  EXPECT_EQ(found->addresses.size(), 2U);
}

TEST_F(ResolverTest, ATruncatedAnswerOfAServerWithoutTcpEnds) {
  server_.answer([](const Question& question) -> std::vector<std::string> {
    return question.over_tcp ? std::vector<std::string>{}
                             : std::vector<std::string>{Reply(question).truncated().bytes()};
  });
  EXPECT_EQ(words(resolve("db1.example")), "cannot resolve 'db1.example': no name server answered");
}

TEST_F(ResolverTest, GarbageBeforeTheAnswerIsPassedOver) {
  server_.answer([](const Question& question) -> std::vector<std::string> {
    std::string cut = Reply(question).address(question.name, kTwo, 60).bytes();
    cut.resize(5);
    std::vector<std::string> messages{cut, std::string(40, '\xff'),
                                      Reply(question).wrong_id().address(question.name, kTwo, 60).bytes()};
    messages.push_back(question.type == Asked::kAaaa ? Reply(question).bytes()
                                                     : Reply(question).address(question.name, kOne, 60).bytes());
    return messages;
  });
  EXPECT_EQ(words(resolve("db1.example")), "10.0.0.1");
}

TEST_F(ResolverTest, NothingButGarbageEndsInAnError) {
  const std::vector<std::string> rubbish = {std::string(), std::string(1, '\0'), std::string(12, '\0'),
                                            std::string(512, '\xc0'), std::string(512, '\xff')};
  for (const std::string& each : rubbish) {
    server_.answer([each](const Question& question) -> std::vector<std::string> {
      return {question.bytes.substr(0, 2) + each, each};
    });
    EXPECT_FALSE(resolve("db1.example").ok()) << each.size();
  }
}

TEST_F(ResolverTest, AnAnswerCutAnywhereEnds) {
  Question sample{"db1.example", Asked::kA, false, std::string(12, '\0')};
  const std::size_t whole =
      Reply(sample).alias("db1.example", "a.example", 60).address("a.example", kOne, 60).bytes().size();
  for (std::size_t kept = 0; kept < whole; kept += 3) {
    server_.answer([kept](const Question& question) -> std::vector<std::string> {
      return {
          Reply(question).alias("db1.example", "a.example", 60).address("a.example", kOne, 60).bytes().substr(0, kept)};
    });
    Asking asking;
    begin("db1.example", asking, 30ms);
    EXPECT_TRUE(until([&] { return asking.result.has_value(); })) << kept;
  }
}

TEST_F(ResolverTest, AnAnswerOfAnotherQuestionIsNotTaken) {
  server_.answer([](const Question& question) -> std::vector<std::string> {
    Question other = question;
    other.name = "evil.example";
    return {Reply(other).address("evil.example", kTwo, 60).bytes()};
  });
  EXPECT_EQ(words(resolve("db1.example")), "cannot resolve 'db1.example': no name server answered");
}

TEST_F(ResolverTest, AnAliasIsFollowedAndTheShortestLifeOfTheChainCounts) {
  server_.answer([](const Question& question) -> std::vector<std::string> {
    Reply reply(question);
    reply.alias(question.name, "a.example", 70).alias("a.example", "b.example", 15);
    if (question.type == Asked::kA) reply.address("b.example", kOne, 300);
    return {reply.bytes()};
  });
  const Result<Resolved> found = resolve("db1.example");
  EXPECT_EQ(words(found), "10.0.0.1");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->good_for, 15s);
}

TEST_F(ResolverTest, ALifeOfNothingAndOneOfAgesAreBounded) {
  server_.answer(address(kOne, 0));
  EXPECT_EQ(resolve("db1.example").value().good_for, Resolver::kShortestLife);
  server_.answer(address(kOne, 0x7FFFFFFF));
  EXPECT_EQ(resolve("db1.example").value().good_for, Resolver::kLongestLife);
  server_.answer(address(kOne, 0xFFFFFFFF));  // RFC 2181, 8: as 0
  EXPECT_EQ(resolve("db1.example").value().good_for, Resolver::kShortestLife);
}

TEST_F(ResolverTest, OneFamilyIsEnoughWhereTheOtherFails) {
  server_.answer([](const Question& question) -> std::vector<std::string> {
    if (question.type == Asked::kAaaa) return {Reply(question).code(2).bytes()};
    return {Reply(question).address(question.name, kOne, 60).bytes()};
  });
  EXPECT_EQ(words(resolve("db1.example")), "10.0.0.1");
}

TEST_F(ResolverTest, OneFamilyIsEnoughWhereTheOtherIsSilent) {
  server_.answer([](const Question& question) -> std::vector<std::string> {
    if (question.type == Asked::kAaaa) return {};
    return {Reply(question).address(question.name, kOne, 60).bytes()};
  });
  EXPECT_EQ(words(resolve("db1.example")), "10.0.0.1");
}

TEST_F(ResolverTest, ServersThatFailAreAnErrorOfTheirs) {
  server_.answer(
      [](const Question& question) -> std::vector<std::string> { return {Reply(question).code(2).bytes()}; });
  const Result<Resolved> found = resolve("db1.example");
  EXPECT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kUnreachable) << found.error().context;
}

TEST_F(ResolverTest, SearchesTheDomainsOfResolvConfAndReadsItAnewForEachName) {
  server_.answer([](const Question& question) -> std::vector<std::string> {
    if (!question.name.ends_with(".inside.example")) return {Reply(question).code(3).bytes()};
    if (question.type == Asked::kAaaa) return {Reply(question).bytes()};
    return {Reply(question).address(question.name, kOne, 60).bytes()};
  });
  EXPECT_EQ(resolve("db1").error().code, ErrorCode::kNotFound);
  write_resolv_conf("search inside.example\nnameserver 127.0.0.1\n");
  EXPECT_EQ(words(resolve("db1")), "10.0.0.1");
}

TEST_F(ResolverTest, WhatTheHostsFileAndNumbersSayAsksNobody) {
  const Result<Resolved> here = resolve("localhost");
  ASSERT_TRUE(here.ok()) << words(here);
  EXPECT_EQ(here->good_for, Resolver::kFileLife);
  EXPECT_EQ(words(resolve("10.9.8.7")), "10.9.8.7");
  EXPECT_EQ(words(resolve("fd00::5")), "fd00::5");
  for (const Question& question : server_.asked()) ADD_FAILURE() << "was asked for " << question.name;
}

TEST_F(ResolverTest, NamesThatNoNameServerTakesAreAnError) {
  for (const std::string& name :
       {std::string(300, 'x'), std::string(70, 'x') + ".example", std::string("a..b"), std::string()}) {
    EXPECT_FALSE(resolve(name).ok()) << name;
  }
}

TEST_F(ResolverTest, ManyAtOnceWaitTheirTurn) {
  server_.answer(address(kOne, 30));
  std::vector<Asking> askings(3 * Resolver::kMostAtOnce);
  for (std::size_t i = 0; i < askings.size(); ++i) begin("db" + std::to_string(i) + ".example", askings[i]);
  EXPECT_EQ(resolver_.under_way(), Resolver::kMostAtOnce);
  EXPECT_TRUE(
      until([&] { return std::ranges::all_of(askings, [](const Asking& each) { return each.result.has_value(); }); }));
  for (const Asking& each : askings) EXPECT_EQ(words(*each.result), "10.0.0.1");
  EXPECT_EQ(resolver_.under_way(), 0U);
}

TEST_F(ResolverTest, WhoFindsNoPlaceInTimeIsToldSo) {
  std::vector<Asking> askings(Resolver::kMostAtOnce);
  for (Asking& each : askings) begin("silent.example", each);
  const Result<Resolved> late = resolve("db1.example", 10ms);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(late.error().context,
            "cannot resolve 'db1.example': too many names are being looked up: the wait timed out");
  EXPECT_TRUE(
      until([&] { return std::ranges::all_of(askings, [](const Asking& each) { return each.result.has_value(); }); }));
}

TEST_F(ResolverTest, ALookUpMayBeGivenUpAtEveryTurn) {
  server_.answer([](const Question& question) -> std::vector<std::string> {
    if (!question.over_tcp) return {Reply(question).truncated().bytes()};
    return {Reply(question).address(question.name, question.type == Asked::kA ? kOne : kSix, 60).bytes()};
  });
  Resolver patient(loop_, {.resolv_conf = resolv_conf_, .port = server_.port(), .patience = 5s, .rounds = 2});
  bool ended = false;
  for (int turns = 0; !ended && turns < 1000; ++turns) {
    Asking asking;
    scope_.spawn("ask", ask, &patient, "db1.example", Deadline::never(), &asking);
    for (int i = 0; i < turns && !asking.result; ++i) loop_.turn(Deadline::after(loop_.now(), 1ms));
    ended = asking.result.has_value();
    scope_.cancel();
    ASSERT_TRUE(until([&] { return scope_.empty(); }));
    ASSERT_TRUE(asking.result);
    EXPECT_TRUE(asking.result->ok() || asking.result->error().code == ErrorCode::kCancelled) << words(*asking.result);
    EXPECT_EQ(patient.under_way(), 0U);
  }
  EXPECT_TRUE(ended);
}

TEST_F(ResolverTest, AnUnreadableResolvConfIsAnError) {
  std::remove(resolv_conf_.c_str());
  ASSERT_EQ(::mkdir(resolv_conf_.c_str(), 0700), 0);
  const Result<Resolved> found = resolve("db1.example", 200ms);
  EXPECT_FALSE(found.ok());
  ::rmdir(resolv_conf_.c_str());
}

}  // namespace
}  // namespace hf::net
