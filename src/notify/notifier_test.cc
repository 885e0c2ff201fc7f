#include "notify/notifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/listener.h"
#include "runtime/stepped_loop_fake.h"

namespace hf::notify {
namespace {

using runtime::Task;

/// A server that plays a script: says what is next whenever it has heard what it waits for.
struct Peer {
  struct Line {
    std::string until;  // what must have come before `say`
    std::string say;
  };
  std::vector<Line> lines;
  bool holds_open = false;  // stays silent after the last line instead of closing
  std::string heard;
  int visits = 0;
};

Task<void> play(net::Stream* stream, Peer* peer, Deadline deadline) {
  std::string got;
  for (const Peer::Line& line : peer->lines) {
    while (got.find(line.until) == std::string::npos) {
      Result<ByteView> bytes = co_await stream->recv(deadline);
      if (!bytes.ok() || bytes->empty()) co_return;
      got.append(*bytes);
      peer->heard.append(*bytes);
    }
    got.clear();
    stream->write(line.say);
  }
  while (peer->holds_open) {
    Result<ByteView> bytes = co_await stream->recv(deadline);
    if (!bytes.ok() || bytes->empty()) co_return;
    peer->heard.append(*bytes);
  }
}

Task<void> serve(net::Listener* listener, Peer* peer) {
  for (;;) {
    Result<net::Accepted> accepted = co_await listener->accept();
    if (!accepted.ok()) co_return;
    ++peer->visits;
    co_await play(accepted->stream.get(), peer, Deadline::never());
  }
}

Task<void> close_notifier(Notifier* notifier, Deadline deadline) {
  const Result<void> closed = co_await notifier->close(deadline);
  EXPECT_TRUE(closed.ok());
}

class NotifierTest : public testing::Test {
 protected:
  NotifierTest() {
    std::string path = testing::TempDir() + "holdfast-notify-XXXXXX";
    if (::mkdtemp(path.data()) != nullptr) folder_ = path;
  }
  ~NotifierTest() override {
    if (listener_ != nullptr) listener_->close();
    servers_.cancel();
    EXPECT_TRUE(loop_.run_until_empty(servers_));
    runtime::Scope closing(*loop_);
    closing.spawn("close", close_notifier, &notifier_, Deadline::never());
    EXPECT_TRUE(loop_.run_until_empty(closing));
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  /// Where the peer listens.
  config::Endpoint listen(const net::Address& at) {
    const Result<int> fd = net::Listener::bind(at, net::PortSharing::kExclusive);
    EXPECT_TRUE(fd.ok());
    const net::SocketOptions options;
    listener_ = std::make_unique<net::Listener>(*loop_, *fd, options);
    servers_.spawn("serve", serve, listener_.get(), &peer_);
    config::Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    if (!at.is_unix()) endpoint.port = net::Address::local_of(*fd).value().port();
    return endpoint;
  }
  config::Endpoint listen_tcp() { return listen(net::Address::from_ip("127.0.0.1", 0).value()); }
  void configure(const config::Notify& notify) { notifier_.configure(vips_, {notify}, "gw-a"); }
  config::Notify webhook() {
    config::Notify notify;
    notify.kind = config::NotifyKind::kWebhook;
    notify.server = listen_tcp();
    notify.url_path = "/hook";
    notify.token = "secret";
    return notify;
  }
  VipChange change(const std::string& state = "MASTER", const std::string& vip = "db") {
    return VipChange{
        .vip = vip, .state = state, .previous = "BACKUP", .reason = "why", .priority = 100, .sequence = ++sequence_};
  }
  /// Numbers, and the one name that hosts_ has.
  static Task<Result<net::Address>> look_up(NotifierTest* self, config::Endpoint endpoint) {
    ++self->look_ups_;
    const auto host = self->hosts_.find(endpoint.host);
    Result<net::Address> address =
        net::Address::from_ip(host == self->hosts_.end() ? endpoint.host : host->second, endpoint.port);
    if (!address.ok()) {
      co_return Error{ErrorCode::kNotFound, "cannot resolve '" + endpoint.host + "': there is no such name"};
    }
    co_return address;
  }
  bool settled() {
    return loop_.run_until([this] { return notifier_.idle(); });
  }
  void answer(std::size_t call, std::int32_t code) {
    calls_.at(call).second(vip::ScriptDone{.started = true, .exit_code = code});
  }

  runtime::SteppedLoop loop_;
  std::string folder_;
  std::uint64_t sequence_ = 0;
  Peer peer_;
  runtime::Scope servers_{*loop_};
  std::unique_ptr<net::Listener> listener_;
  std::vector<config::Vip> vips_;
  std::vector<std::pair<vip::ScriptCall, vip::ScriptAnswer>> calls_;
  std::vector<Event> events_;
  std::map<std::string, std::string> hosts_;
  int look_ups_ = 0;
  Notifier notifier_{
      *loop_,
      {.run_script = [this](vip::ScriptCall call,
                            vip::ScriptAnswer done) { calls_.emplace_back(std::move(call), std::move(done)); },
       .look_up = [this](config::Endpoint endpoint,
                         Deadline /*deadline*/) { return look_up(this, std::move(endpoint)); },
       .event = [this](Event event) { events_.push_back(std::move(event)); }}};
};

TEST_F(NotifierTest, ScriptsRunInOrderOneAfterTheOther) {
  config::Vip db;
  db.name = "db";
  db.on_master.id = "db/on_master";
  db.on_backup.id = "db/on_backup";
  db.on_change.id = "db/on_change";
  config::Vip web;
  web.name = "web";
  web.on_fault.id = "web/on_fault";
  notifier_.configure({db, web}, {}, "gw-a");
  notifier_.changed(change("MASTER"));
  notifier_.changed(change("BACKUP"));
  notifier_.changed(change("FAULT", "web"));
  notifier_.changed(change("STOP", "unknown"));
  loop_.advance(0s);
  ASSERT_EQ(calls_.size(), 2U) << "one of each VIP";
  EXPECT_EQ(calls_[0].first.script, "db/on_master");
  EXPECT_EQ(calls_[0].first.arguments, (std::vector<std::string>{"INSTANCE", "db", "MASTER", "100"}));
  EXPECT_EQ(calls_[0].first.environment.at(5), "HOLDFAST_NODE=gw-a");
  EXPECT_EQ(calls_[1].first.script, "web/on_fault");
  answer(1, 0);
  for (const std::string next : {"db/on_change", "db/on_backup", "db/on_change"}) {
    const std::size_t last = calls_.size() - 1;
    answer(last == 1 ? 0 : last, 0);
    loop_.advance(0s);
    EXPECT_EQ(calls_.back().first.script, next);
  }
  EXPECT_FALSE(notifier_.idle());
  answer(calls_.size() - 1, 0);
  EXPECT_TRUE(notifier_.idle());
  EXPECT_TRUE(events_.empty());
}

TEST_F(NotifierTest, AScriptThatFailsOrNeverAnswersIsAnEventAndHoldsNothingUp) {
  config::Vip db;
  db.name = "db";
  db.on_change.id = "db/on_change";
  notifier_.configure({db}, {}, "gw-a");
  for (int i = 0; i < 3; ++i) notifier_.changed(change());
  loop_.advance(0s);
  answer(0, 3);
  loop_.advance(0s);
  loop_.advance(db.on_change.timeout + vip::kScriptAnswerGrace);
  loop_.advance(0s);
  ASSERT_EQ(calls_.size(), 3U);
  answer(1, 0);  // too late
  answer(2, 0);
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[0].id(), EventId::kNotifyFailed);
  EXPECT_EQ(events_[0].field("vip"), "db");
  EXPECT_EQ(events_[0].field("target"), "script db/on_change");
  EXPECT_EQ(events_[0].field("reason"), "exit code 3");
  EXPECT_EQ(unknown_field(events_[0]), "");
}

TEST_F(NotifierTest, ScriptsThatPileUpAreBounded) {
  config::Vip db;
  db.name = "db";
  db.on_change.id = "db/on_change";
  notifier_.configure({db}, {}, "gw-a");
  notifier_.changed(change());
  loop_.advance(0s);
  for (int i = 0; i < 70; ++i) notifier_.changed(change());
  EXPECT_EQ(events_.size(), 70 - ScriptQueue::kMostWaiting);
}

TEST_F(NotifierTest, APipeIsMadeAndHoldsTheLines) {
  config::Notify notify;
  notify.path = folder_ + "/pipe";
  notify.vips = {"db"};
  configure(notify);
  notifier_.changed(change());
  notifier_.changed(change("MASTER", "other"));
  struct stat status = {};
  ASSERT_EQ(::stat(notify.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode, static_cast<mode_t>(S_IFIFO | 0600));
  const int fd = ::open(notify.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  std::string text(8192, '\0');
  const ssize_t got = ::read(fd, text.data(), text.size());
  ASSERT_GT(got, 0);
  text.resize(static_cast<std::size_t>(got));
  ::close(fd);
  VipChange expected = change();
  expected.sequence = 1;
  expected.node = "gw-a";
  EXPECT_EQ(text, json_line(expected));
  EXPECT_TRUE(events_.empty());

  for (int i = 0; i < 2000; ++i) notifier_.changed(change());  // nobody reads
  ASSERT_FALSE(events_.empty());
  EXPECT_NE(events_[0].field("reason").find("full"), std::string::npos);
  std::filesystem::remove(notify.path);
  events_.clear();
  notifier_.changed(change());
  EXPECT_TRUE(events_.empty()) << "a pipe that was removed is made anew";
}

TEST_F(NotifierTest, WhatIsNoPipeIsLeftAlone) {
  config::Notify notify;
  notify.path = folder_ + "/file";
  ::close(::open(notify.path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  configure(notify);
  notifier_.changed(change());
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(std::filesystem::file_size(notify.path), 0U);
}

TEST_F(NotifierTest, ASocketGetsALine) {
  peer_.holds_open = true;
  config::Notify notify;
  notify.kind = config::NotifyKind::kSocket;
  notify.path = folder_ + "/socket";
  listen(net::Address::from_unix_path(notify.path).value());
  configure(notify);
  notifier_.changed(change());
  EXPECT_TRUE(loop_.run_until([this] { return peer_.heard.ends_with("}\n"); }));
  EXPECT_EQ(peer_.heard.find("{\"time\":"), 0U);
}

TEST_F(NotifierTest, AMailIsSent) {
  peer_.lines = {{"", "220 hi\r\n"},     {"EHLO gw-a\r\n", "250 ok\r\n"}, {"MAIL", "250 ok\r\n"},
                 {"RCPT", "250 ok\r\n"}, {"DATA", "354 go\r\n"},          {"\r\n.\r\n", "250 queued\r\n"}};
  peer_.holds_open = true;
  config::Notify notify;
  notify.kind = config::NotifyKind::kSmtp;
  notify.server = listen_tcp();
  notify.from = "h@example.org";
  notify.to = {"a@example.org"};
  configure(notify);
  notifier_.changed(change());
  EXPECT_TRUE(settled());
  EXPECT_TRUE(loop_.run_until([this] { return peer_.heard.ends_with("QUIT\r\n"); })) << peer_.heard;
  EXPECT_NE(peer_.heard.find("Subject: [holdfast] gw-a: db is MASTER\r\n"), std::string::npos);
  EXPECT_TRUE(events_.empty());
}

TEST_F(NotifierTest, AMailThatIsRefusedForGoodIsNotTriedAgain) {
  peer_.lines = {{"", "554 go away\r\n"}};
  config::Notify notify;
  notify.kind = config::NotifyKind::kSmtp;
  notify.server = listen_tcp();
  notify.from = "h@example.org";
  notify.to = {"a@example.org"};
  configure(notify);
  notifier_.changed(change());
  EXPECT_TRUE(settled());
  EXPECT_EQ(peer_.visits, 1);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].field("reason"), "the mail server answered 554 go away");
}

TEST_F(NotifierTest, AWebHookIsPostedInOrder) {
  peer_.lines = {{"}\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};
  configure(webhook());
  notifier_.changed(change("MASTER"));
  notifier_.changed(change("BACKUP"));
  EXPECT_TRUE(settled());
  EXPECT_EQ(peer_.visits, 2);
  EXPECT_EQ(peer_.heard.find("POST /hook HTTP/1.1\r\n"), 0U);
  EXPECT_NE(peer_.heard.find("Authorization: Bearer secret\r\n"), std::string::npos);
  EXPECT_LT(peer_.heard.find("\"state\":\"MASTER\""), peer_.heard.find("\"state\":\"BACKUP\""));
  EXPECT_TRUE(events_.empty());
}

TEST_F(NotifierTest, FailuresAreTriedAgainWithGrowingPauses) {
  peer_.lines = {{"}\n", "HTTP/1.1 503 no\r\n\r\n"}};
  config::Notify notify = webhook();
  notify.retries = 2;
  configure(notify);
  notifier_.changed(change());
  for (const Nanos pause : {1s, 2s}) {
    const int before = peer_.visits;
    EXPECT_TRUE(loop_.run_until([this] { return peer_.heard.ends_with("}\n"); }));
    for (int turns = 0; turns < 10; ++turns) loop_.turn();
    loop_.advance(pause - 1ms);
    for (int turns = 0; turns < 4; ++turns) loop_.turn();
    EXPECT_LE(peer_.visits, before + 1);
    peer_.heard.clear();
    loop_.advance(1ms);
  }
  EXPECT_TRUE(settled());
  EXPECT_EQ(peer_.visits, 3);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].field("reason"), "the web hook answered 503");
  EXPECT_EQ(events_[0].field("target"), "web hook " + notify.server.to_string());
}

TEST_F(NotifierTest, ASilentReceiverIsGivenUpAtTheTimeout) {
  peer_.holds_open = true;
  config::Notify notify = webhook();
  notify.retries = 0;
  configure(notify);
  notifier_.changed(change());
  ASSERT_TRUE(loop_.run_until([this] { return peer_.heard.ends_with("}\n"); }));
  loop_.advance(notify.timeout - 1ms);
  EXPECT_TRUE(events_.empty());
  loop_.advance(1ms);
  EXPECT_TRUE(settled());
  EXPECT_EQ(events_.size(), 1U);
}

TEST_F(NotifierTest, WhatWaitsForOneReceiverIsBounded) {
  peer_.holds_open = true;
  configure(webhook());
  for (int i = 0; i < 70; ++i) notifier_.changed(change());
  EXPECT_EQ(events_.size(), 70 - 1 - Notifier::kMostWaiting);
}

TEST_F(NotifierTest, AtMostSoManyDeliveriesAtOnce) {
  peer_.holds_open = true;
  config::Notify notify = webhook();
  notify.retries = 0;
  std::vector<config::Notify> many;
  for (int i = 0; i < 20; ++i) {
    many.push_back(notify);
    many.back().url_path = "/" + std::to_string(i);
  }
  notifier_.configure({}, many, "gw-a");
  notifier_.changed(change());
  EXPECT_EQ(notifier_.delivering(), Notifier::kMostAtOnce);
  EXPECT_TRUE(loop_.run_until([this] { return peer_.visits == 1; }));
  loop_.advance(notify.timeout);
  EXPECT_TRUE(loop_.run_until([this] { return notifier_.delivering() == 4; })) << "the others had to wait for those";
  loop_.advance(notify.timeout);
  EXPECT_TRUE(settled());
  EXPECT_EQ(events_.size(), 20U);
}

TEST_F(NotifierTest, AReloadKeepsWhatWaitsForTheSameReceiver) {
  peer_.lines = {{"}\n", "HTTP/1.1 200 OK\r\n\r\n"}};
  const config::Notify notify = webhook();
  configure(notify);
  for (int i = 0; i < 3; ++i) notifier_.changed(change());
  configure(notify);
  EXPECT_TRUE(settled());
  EXPECT_EQ(peer_.visits, 3);
}

TEST_F(NotifierTest, AReceiverThatIsGoneIsNotToldWhatWaited) {
  peer_.lines = {{"}\n", "HTTP/1.1 200 OK\r\n\r\n"}};
  configure(webhook());
  for (int i = 0; i < 3; ++i) notifier_.changed(change());
  notifier_.configure({}, {}, "gw-a");
  EXPECT_TRUE(settled());
  EXPECT_EQ(peer_.visits, 1) << "what was on its way has ended";
}

TEST_F(NotifierTest, AHostWithoutAddressFailsTheDeliveryAndNotTheConfiguration) {
  config::Notify notify;
  notify.kind = config::NotifyKind::kWebhook;
  notify.server.host = "hooks.example";
  notify.server.port = 80;
  notify.retries = 0;
  configure(notify);
  EXPECT_EQ(look_ups_, 0);
  notifier_.changed(change());
  EXPECT_TRUE(settled());
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].field("reason"), "cannot resolve 'hooks.example': there is no such name");
}

TEST_F(NotifierTest, AHostIsLookedUpForEachDeliverySoThatAReceiverMayMove) {
  peer_.lines = {{"}\n", "HTTP/1.1 200 OK\r\n\r\n"}};
  config::Notify notify = webhook();
  notify.server.host = "hooks.example";
  notify.retries = 0;
  configure(notify);
  notifier_.changed(change());
  EXPECT_TRUE(settled());
  EXPECT_EQ(peer_.visits, 0);
  hosts_["hooks.example"] = "127.0.0.1";
  notifier_.changed(change());
  EXPECT_TRUE(settled());
  EXPECT_EQ(peer_.visits, 1);
  EXPECT_EQ(look_ups_, 2);
}

// ── events ──

struct ServerGone {
  EventText service, server;
  static constexpr EventWords kWords{.id = EventId::kServerDown,
                                     .name = "server_gone",
                                     .level = EventLevel::kError,
                                     .meaning = "It is gone.",
                                     .action = "Look."};
  static constexpr EventMember<ServerGone> kFields[] = {{"service", &ServerGone::service},
                                                        {"server", &ServerGone::server}};
};
struct ReadTriedAgain {
  EventText server;
  static constexpr EventWords kWords{.id = EventId::kReadRetried,
                                     .name = "read_tried_again",
                                     .level = EventLevel::kWarning,
                                     .damping = EventDamping::kRepeats,
                                     .meaning = "",
                                     .action = ""};
  static constexpr EventMember<ReadTriedAgain> kFields[] = {{"server", &ReadTriedAgain::server}};
};

class EventNotices : public NotifierTest {
 protected:
  config::Notify pipe(const std::string& name, std::vector<std::string> events,
                      std::optional<EventLevel> level = std::nullopt) {
    config::Notify notify;
    notify.name = name;
    notify.path = folder_ + "/" + name;
    notify.events = std::move(events);
    notify.level = level;
    return notify;
  }
  void tell(Event event) {
    event.at = loop_->now();
    notifier_.told(event);
  }
  /// What the pipe holds, and empties it.
  std::string piped(const std::string& name) {
    const int fd = ::open((folder_ + "/" + name).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    std::string text(65536, '\0');
    const ssize_t got = ::read(fd, text.data(), text.size());
    ::close(fd);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
  }
  static std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
};

TEST_F(EventNotices, AReceiverHearsOfTheEventsThatItNamesAndOfTheLevelThatItNames) {
  config::Notify of_changes;
  of_changes.path = folder_ + "/changes";
  notifier_.configure({},
                      {pipe("named", {"HF-2xxx"}), pipe("loud", {}, EventLevel::kWarning),
                       pipe("both", {"HF-5002"}, EventLevel::kError), of_changes},
                      "gw-a");
  tell(ServerGone{.service = "orders", .server = "db1"});
  tell(ReadTriedAgain{.server = "db1"});
  notifier_.changed(change());
  EXPECT_EQ(piped("named"),
            R"({"time":"1970-01-01T00:00:00.000000Z","level":"error","id":"HF-2002","event":"server_gone",)"
            R"("node":"gw-a","sequence":1,"service":"orders","server":"db1"})"
            "\n");
  EXPECT_EQ(lines(piped("loud")), 2U);
  EXPECT_EQ(lines(piped("both")), 2U);
  const std::string changes = piped("changes");
  EXPECT_EQ(lines(changes), 1U);
  EXPECT_NE(changes.find("\"state\":\"MASTER\""), std::string::npos) << changes;
  EXPECT_TRUE(events_.empty());
}

TEST_F(EventNotices, WhatRepeatsIsToldOnceInAWhileWithItsNumber) {
  configure(pipe("all", {"HF-xxxx"}));
  for (int i = 0; i < 5; ++i) {
    tell(ReadTriedAgain{.server = "db1"});
    loop_.advance(1s);
  }
  for (int i = 0; i < 30; ++i) tell(ServerGone{.service = "orders", .server = std::to_string(i)});
  EXPECT_EQ(lines(piped("all")), 1 + Notifier::kQuiet.most);
  notifier_.tell_the_rest(loop_->now());
  EXPECT_EQ(piped("all"), "") << "not yet";
  loop_.advance(Notifier::kQuiet.second);
  notifier_.tell_the_rest(loop_->now());
  const std::string rest = piped("all");
  EXPECT_EQ(lines(rest), 2U) << rest;
  EXPECT_NE(rest.find("\"count\":\"4\""), std::string::npos) << rest;
  EXPECT_NE(rest.find("\"server\":\"29\",\"count\":\"10\""), std::string::npos) << rest;
}

TEST_F(EventNotices, AFailureIsToldTheOthersAndDoesNotGoRound) {
  config::Notify dead = pipe("dead", {"HF-2002", "HF-6111"});
  config::Notify dead_too = pipe("dead too", {"HF-6111"});
  for (const config::Notify* notify : {&dead, &dead_too}) {
    ::close(::open(notify->path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  }
  notifier_.configure({}, {dead, dead_too, pipe("alive", {}, EventLevel::kError)}, "gw-a");
  tell(ServerGone{.service = "orders", .server = "db1"});
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[0].field("target"), "dead (pipe " + dead.path + ")");
  EXPECT_EQ(events_[0].field("notice"), "HF-2002");
  EXPECT_EQ(events_[1].field("target"), "dead too (pipe " + dead_too.path + ")");
  EXPECT_EQ(events_[1].field("notice"), "HF-6111");
  const std::string alive = piped("alive");
  EXPECT_EQ(lines(alive), 2U) << alive;
  EXPECT_NE(alive.find("\"id\":\"HF-6111\""), std::string::npos) << alive;
  for (const Event& event : std::vector<Event>(events_)) notifier_.told(event);  // as the log hands them on
  EXPECT_EQ(events_.size(), 2U);
  EXPECT_EQ(piped("alive"), "");
}

TEST_F(EventNotices, ACommandRunsForEachInOrderAndItsFailureIsTold) {
  config::Notify notify;
  notify.kind = config::NotifyKind::kCommand;
  notify.command = {"notify/0", {"/bin/page"}, "ops", 3s};
  notify.events = {"HF-2002", "HF-6111"};
  notifier_.configure({}, {notify, pipe("other", {"HF-6111"})}, "gw-a");
  tell(ServerGone{.service = "orders", .server = "db1"});
  tell(ServerGone{.service = "orders", .server = "db2"});
  loop_.advance(0s);
  ASSERT_EQ(calls_.size(), 1U);
  EXPECT_EQ(calls_[0].first.script, "notify/0");
  EXPECT_EQ(calls_[0].first.arguments, (std::vector<std::string>{"EVENT", "HF-2002", "server_gone", "error"}));
  EXPECT_EQ(calls_[0].first.environment.back(), "HOLDFAST_FIELD_SERVER=db1");
  EXPECT_FALSE(notifier_.idle());
  answer(0, 1);
  loop_.advance(0s);
  ASSERT_EQ(calls_.size(), 2U);
  EXPECT_EQ(calls_[1].first.environment.back(), "HOLDFAST_FIELD_SERVER=db2");
  answer(1, 0);
  loop_.advance(0s);
  EXPECT_TRUE(notifier_.idle());
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].field("target"), "command /bin/page");
  EXPECT_EQ(events_[0].field("reason"), "exit code 1");
  EXPECT_EQ(lines(piped("other")), 1U);
}

TEST_F(EventNotices, AWebHookGetsThemToo) {
  peer_.lines = {{"}\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};
  config::Notify notify = webhook();
  notify.level = EventLevel::kError;
  configure(notify);
  tell(ServerGone{.service = "orders", .server = "db1"});
  EXPECT_TRUE(settled());
  EXPECT_NE(peer_.heard.find("\"event\":\"server_gone\""), std::string::npos) << peer_.heard;
}

TEST_F(EventNotices, AfterTheEndNobodyIsTold) {
  configure(pipe("all", {"HF-xxxx"}));
  runtime::Scope closing(*loop_);
  closing.spawn("close", close_notifier, &notifier_, Deadline::never());
  EXPECT_TRUE(loop_.run_until_empty(closing));
  tell(ServerGone{.service = "orders", .server = "db1"});
  notifier_.changed(change());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/all")) << "not even made";
}

}  // namespace
}  // namespace hf::notify
