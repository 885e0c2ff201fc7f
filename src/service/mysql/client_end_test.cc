// Packets from and to one client, over a socket whose other end is the test.
#include "service/mysql/client_end.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "base/random.h"
#include "proto/mysql/response.h"
#include "proto/mysql/session_state.h"
#include "runtime/scope.h"
#include "service/mysql/frontend.h"
#include "service/shard.h"

namespace hf::service::mysql {
namespace {

namespace wire = proto::mysql;
using runtime::Task;

std::string packet(std::uint8_t sequence, ByteView payload) {
  std::string bytes;
  wire::append_packet(bytes, sequence, payload);
  return bytes;
}

class ClientEndTest : public ::testing::Test {
 protected:
  ClientEndTest() {
    config_->services.emplace_back().name = "orders";
    view_->config = config_;
    view_->service = config_->services.data();
    service_ = &shard_.add(shared_, view_);
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    peer_ = ends[1];
    auto stream = net::adopt(shard_.loop(), ends[0], net::SocketOptions{});
    end_ = std::make_unique<ClientEnd>(
        *service_, net::Accepted{std::move(*stream), net::Address::from_ip("198.18.0.7", 5000).value()});
    end_->limit_packets(64 * 1024 * 1024);
  }
  ~ClientEndTest() override {
    scope_.cancel();
    while (!scope_.empty()) turn();
    end_.reset();
    hang_up();
    turn();
  }

  void turn() { shard_.loop().turn(shard_.loop().deadline_in(5ms)); }
  template <typename Done>
  bool run_until(Done done) {
    for (int turns = 0; turns < 4000 && !done(); ++turns) turn();
    return done();
  }
  /// The client writes; as much as the socket takes at once, the rest as the end reads.
  void say(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
      if (!bytes.empty()) turn();
    }
  }
  void hang_up() {
    if (peer_ >= 0) ::close(peer_);
    peer_ = -1;
  }
  /// What has arrived at the client.
  std::string heard(std::size_t most = SIZE_MAX) {
    std::string all;
    std::array<char, 65536> piece{};
    while (all.size() < most) {
      const ssize_t n = ::recv(peer_, piece.data(), std::min(piece.size(), most - all.size()), 0);
      if (n <= 0) break;
      all.append(piece.data(), static_cast<std::size_t>(n));
    }
    return all;
  }
  std::string heard_after_a_turn() {
    turn();
    return heard();
  }

  /// One read under way.
  struct Read {
    bool ended = false;
    std::string outcome;
    std::string payload;
  };
  static Task<void> read_task(ClientEnd* end, std::uint8_t sequence, Deadline deadline, Read* out) {
    const Result<void> read = co_await end->read_packet(sequence, deadline);
    out->outcome = read.ok() ? "ok" : std::string(to_string(read.error().code));
    if (read.ok()) out->payload = end->request();
    out->ended = true;
  }
  void begin_read(Read& read, std::uint8_t sequence = 0, Deadline deadline = Deadline::never()) {
    scope_.spawn("read", read_task, end_.get(), sequence, deadline, &read);
  }
  Read read(std::uint8_t sequence = 0, Deadline deadline = Deadline::never()) {
    Read out;
    begin_read(out, sequence, deadline);
    EXPECT_TRUE(run_until([&] { return out.ended; }));
    return out;
  }
  static std::string outcome(ErrorCode code) { return std::string(to_string(code)); }

  static Task<void> room_task(ClientEnd* end, std::optional<bool>* out) { *out = co_await end->room(); }

  Control control_{[](const std::string&, upstream::ServerSlot, const std::string&) {}, [](Event) {}};
  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  std::shared_ptr<upstream::mysql::View> view_ = std::make_shared<upstream::mysql::View>();
  std::shared_ptr<ServiceShared> shared_ = std::make_shared<ServiceShared>("orders", make_frontends());
  Shard shard_{0, control_, 1};
  ServiceShard* service_ = nullptr;
  int peer_ = -1;
  std::unique_ptr<ClientEnd> end_;
  runtime::Scope scope_{shard_.loop()};
};

TEST_F(ClientEndTest, KnowsItsPeerByAddress) { EXPECT_EQ(end_->host(), "198.18.0.7"); }

TEST_F(ClientEndTest, ACommandCutAnywhereIsTheSameCommand) {
  const std::string bytes = packet(0, "\x03SELECT 1");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Read at_hand;
    begin_read(at_hand);
    say(ByteView(bytes).substr(0, cut));
    turn();
    EXPECT_EQ(at_hand.ended, cut == bytes.size()) << cut;
    EXPECT_EQ(end_->in_packet(), cut > 0 && cut < bytes.size()) << cut;
    say(ByteView(bytes).substr(cut));
    ASSERT_TRUE(run_until([&] { return at_hand.ended; })) << cut;
    EXPECT_EQ(at_hand.payload, "\x03SELECT 1");
    EXPECT_EQ(end_->argument(), "SELECT 1");
    EXPECT_TRUE(end_->quiet());
    end_->drop_request();
    EXPECT_TRUE(end_->request().empty());
    EXPECT_TRUE(end_->argument().empty());
  }
}

TEST_F(ClientEndTest, CommandsThatComeTogetherWaitForTheirTurnInOrder) {
  Random random(3);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> sent;
    std::string bytes;
    for (std::uint64_t i = 0; i <= random.below(9); ++i) {
      sent.push_back("\x03" + std::string(random.below(70'000), static_cast<char>('a' + i)));
      bytes += packet(0, sent.back());
    }
    const std::uint64_t before = service_->counters().bytes_from_clients.get();
    std::vector<Read> reads(sent.size());
    std::size_t at = 0;
    for (std::size_t i = 0; i < sent.size(); ++i) {
      begin_read(reads[i]);
      while (!reads[i].ended) {
        const std::size_t piece = 1 + random.below(150'000);
        say(ByteView(bytes).substr(at, piece));
        at = std::min(bytes.size(), at + piece);
        turn();
      }
      EXPECT_EQ(reads[i].payload, sent[i]) << round << " " << i;
    }
    EXPECT_TRUE(end_->quiet());
    EXPECT_EQ(service_->counters().bytes_from_clients.get() - before, bytes.size());
  }
}

TEST_F(ClientEndTest, IsNotQuietWhileAnythingOfANextCommandIsThere) {
  const std::string next = packet(0, "\x0e");
  say(packet(0, "\x03SELECT 1") + next.substr(0, 2));
  EXPECT_EQ(read().payload, "\x03SELECT 1");
  EXPECT_FALSE(end_->quiet()) << "two bytes of a header";
  Read rest;
  begin_read(rest);
  turn();
  EXPECT_FALSE(rest.ended);
  EXPECT_FALSE(end_->quiet());
  EXPECT_TRUE(end_->in_packet());
  say(next.substr(2));
  ASSERT_TRUE(run_until([&] { return rest.ended; }));
  EXPECT_EQ(rest.payload, "\x0e");
  EXPECT_TRUE(end_->quiet());
}

TEST_F(ClientEndTest, ADeadlineInTheMiddleOfAPacketLosesNothingOfIt) {
  const std::string bytes = packet(0, "\x03SELECT 'long'");
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    say(bytes.substr(0, cut));
    EXPECT_EQ(read(0, Deadline{shard_.loop().now() + 1ms}).outcome, outcome(ErrorCode::kTimeout));
    EXPECT_TRUE(end_->in_packet()) << cut;
    say(bytes.substr(cut));
    EXPECT_EQ(read().payload, "\x03SELECT 'long'") << cut;
  }
}

TEST_F(ClientEndTest, ASequenceThatIsNotExpectedIsOutOfOrder) {
  say(packet(1, "login"));
  EXPECT_EQ(read(1).payload, "login");
  say(packet(1, "\x03SELECT 1"));
  EXPECT_EQ(read(0).outcome, outcome(ErrorCode::kProtocol));
  EXPECT_EQ(end_->sequence(), 0) << "the answer has the number of what is missing";
}

TEST_F(ClientEndTest, APacketAsLargeAsTheBoundIsRefusedByItsHeaderAlone) {
  end_->limit_packets(1000);
  say(packet(0, "\x0e"));
  EXPECT_EQ(read().payload, "\x0e");
  end_->set_sequence(7);  // of a long reply
  std::string header;
  wire::append_packet_header(header, {1000, 0});
  say(header);
  EXPECT_EQ(read().outcome, outcome(ErrorCode::kOverload));
  EXPECT_EQ(end_->sequence(), 1) << "the answer follows what was refused";
}

TEST_F(ClientEndTest, APacketBelowTheBoundIsTaken) {
  end_->limit_packets(1000);
  say(packet(0, std::string(999, 'q')));
  EXPECT_EQ(read().payload.size(), 999U);
}

TEST_F(ClientEndTest, ACommandOfSixteenMebibytesComesInPiecesAndTheReplyCountsOnFromTheLast) {
  for (const std::size_t size : {wire::kMaxPiece - 1, wire::kMaxPiece, wire::kMaxPiece + 1, 2 * wire::kMaxPiece}) {
    std::string payload(size, 'x');
    payload.front() = '\x03';
    payload.back() = 'e';
    Read at_hand;
    begin_read(at_hand);
    say(packet(0, payload));
    ASSERT_TRUE(run_until([&] { return at_hand.ended; })) << size;
    ASSERT_EQ(at_hand.outcome, "ok") << size;
    EXPECT_TRUE(at_hand.payload == payload) << size;
    EXPECT_EQ(end_->sequence(), size / wire::kMaxPiece + 1) << size;
    EXPECT_TRUE(end_->quiet());
    end_->drop_request();
  }
}

TEST_F(ClientEndTest, TheSumOfThePiecesIsBoundedToo) {
  end_->limit_packets(wire::kMaxPiece + 10);
  Read at_hand;
  begin_read(at_hand);
  const std::string bytes = packet(0, std::string(wire::kMaxPiece + 10, 'x'));
  say(ByteView(bytes).substr(0, wire::kPacketHeader + wire::kMaxPiece + wire::kPacketHeader));
  ASSERT_TRUE(run_until([&] { return at_hand.ended; }));
  EXPECT_EQ(at_hand.outcome, outcome(ErrorCode::kOverload));
  EXPECT_EQ(end_->sequence(), 2);
}

TEST_F(ClientEndTest, AClientThatLeavesBetweenOrInsideOfCommandsIsGone) {
  say(packet(0, "\x03SELECT 1") + "\x05\x00");
  EXPECT_EQ(read().outcome, "ok");
  Read at_hand;
  begin_read(at_hand);
  turn();
  hang_up();
  ASSERT_TRUE(run_until([&] { return at_hand.ended; }));
  EXPECT_EQ(at_hand.outcome, outcome(ErrorCode::kClosed));
}

TEST_F(ClientEndTest, CancellingEndsTheWaitAndLeavesTheClientThere) {
  Read at_hand;
  begin_read(at_hand);
  say("\x05");
  turn();
  scope_.cancel();
  ASSERT_TRUE(run_until([&] { return at_hand.ended; }));
  EXPECT_EQ(at_hand.outcome, outcome(ErrorCode::kCancelled));
  EXPECT_FALSE(end_->broken());
}

TEST_F(ClientEndTest, WhatIsUnreadCanBeTakenOverAndPutBack) {
  const std::string two = packet(0, "\x03 two");
  say(packet(0, "\x03 one") + two);
  EXPECT_EQ(read().payload, "\x03 one");
  EXPECT_EQ(end_->take_inbox(), two);
  EXPECT_TRUE(end_->quiet());
  EXPECT_EQ(end_->take_inbox(), "");
  end_->put_back(two);
  EXPECT_FALSE(end_->quiet());
  EXPECT_EQ(read().payload, "\x03 two");
}

TEST_F(ClientEndTest, OurPacketsCountOnFromTheClientsLastOne) {
  say(packet(0, "\x03SELECT 1"));
  read();
  EXPECT_EQ(end_->sequence(), 1);
  end_->send_payload("first");
  end_->send_payload("second");
  EXPECT_EQ(heard_after_a_turn(), packet(1, "first") + packet(2, "second"));
  end_->set_sequence(255);
  end_->send_payload("last");
  end_->send_payload("around");
  EXPECT_EQ(heard_after_a_turn(), packet(255, "last") + packet(0, "around"));
  EXPECT_EQ(service_->counters().bytes_to_clients.get(),
            4 * wire::kPacketHeader + std::string_view("firstsecondlastaround").size());
}

TEST_F(ClientEndTest, AnErrorIsWrittenAsTheClientsCapabilitiesAllow) {
  end_->set_sequence(1);
  end_->send_error(wire::unknown_command());
  EXPECT_EQ(heard_after_a_turn(), packet(1, wire::unknown_command().encode(0)));
  end_->set_capabilities(wire::kClientProtocol41);
  EXPECT_TRUE(end_->has(wire::kClientProtocol41));
  end_->set_sequence(1);
  end_->send_error(wire::unknown_command());
  const std::string said = heard_after_a_turn();
  const Result<wire::ErrPacket> err = wire::decode_err(wire::payload_of(said));
  ASSERT_TRUE(err.ok());
  EXPECT_EQ(err->code, wire::kErUnknownCommand);
  EXPECT_EQ(err->sqlstate, "08S01");
}

TEST_F(ClientEndTest, ItsLatestErrorIsTakenOnce) {
  EXPECT_EQ(end_->take_error(), nullptr);
  end_->send_error(wire::unknown_command());
  const std::unique_ptr<wire::ErrorReply> error = end_->take_error();
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->code, wire::kErUnknownCommand);
  EXPECT_EQ(end_->take_error(), nullptr);
}

TEST_F(ClientEndTest, ANewSchemaIsToldToWhoeverTracksTheSession) {
  for (const wire::Capabilities extra : {wire::Capabilities{0}, wire::kClientSessionTrack}) {
    const wire::Capabilities capabilities = wire::kClientProtocol41 | wire::kClientTransactions | extra;
    end_->set_capabilities(capabilities);
    end_->set_sequence(1);
    end_->send_ok(wire::kStatusAutocommit, "shop", {});
    const std::string said = heard_after_a_turn();
    const Result<wire::OkPacket> ok = wire::decode_ok(wire::payload_of(said), capabilities);
    ASSERT_TRUE(ok.ok());
    EXPECT_TRUE(wire::has(ok->status, wire::kStatusAutocommit));
    EXPECT_EQ(wire::has(ok->status, wire::kStatusSessionStateChanged), extra != 0);
    wire::SessionStateReader reader(ok->session_state);
    const Result<std::optional<wire::SessionStateEntry>> change = reader.next();
    ASSERT_TRUE(change.ok());
    ASSERT_EQ(change->has_value(), extra != 0);
    if (extra == 0) continue;
    EXPECT_EQ((*change)->type, wire::SessionChange::kSchema);
    EXPECT_EQ((*change)->value, "shop");
    end_->set_sequence(1);
    end_->send_ok(wire::kStatusAutocommit, "shop", {.schema = false, .state_change = true});
    const std::string other = heard_after_a_turn();
    const Result<wire::OkPacket> state = wire::decode_ok(wire::payload_of(other), capabilities);
    ASSERT_TRUE(state.ok());
    wire::SessionStateReader changes(state->session_state);
    const Result<std::optional<wire::SessionStateEntry>> only = changes.next();
    ASSERT_TRUE(only.ok() && only->has_value());
    EXPECT_EQ((*only)->type, wire::SessionChange::kStateChange);
  }
}

TEST_F(ClientEndTest, ThereIsRoomUntilTheClientStopsReadingAndAgainWhenItHasRead) {
  std::optional<bool> room;
  scope_.spawn("room", room_task, end_.get(), &room);
  EXPECT_EQ(room, true);
  room.reset();
  std::size_t written = 0;
  while (end_->stream().queued() <= kQueueLimit) {
    end_->write(std::string(64 * 1024, 'r'));
    written += 64 * 1024;
    turn();
  }
  scope_.spawn("room", room_task, end_.get(), &room);
  for (int i = 0; i < 5; ++i) turn();
  EXPECT_FALSE(room.has_value()) << "nobody has read";
  std::size_t taken = 0;
  ASSERT_TRUE(run_until([&] {
    taken += heard(32 * 1024).size();
    return room.has_value();
  }));
  EXPECT_TRUE(*room);
  EXPECT_LE(end_->stream().queued(), kQueueLow);
  ASSERT_TRUE(run_until([&] {
    taken += heard().size();
    return taken == written;
  }));
}

TEST_F(ClientEndTest, ThereIsNoRoomForAClientThatLeavesWhileItIsWaitedFor) {
  while (end_->stream().queued() <= kQueueLimit) {
    end_->write(std::string(64 * 1024, 'r'));
    turn();
  }
  std::optional<bool> room;
  scope_.spawn("room", room_task, end_.get(), &room);
  hang_up();
  ASSERT_TRUE(run_until([&] { return room.has_value(); }));
  EXPECT_FALSE(*room);
  EXPECT_TRUE(end_->broken());
  room.reset();
  scope_.spawn("room", room_task, end_.get(), &room);
  EXPECT_EQ(room, false) << "and none afterwards, without a wait";
}

TEST_F(ClientEndTest, CancellingTheWaitForRoomEndsIt) {
  while (end_->stream().queued() <= kQueueLimit) {
    end_->write(std::string(64 * 1024, 'r'));
    turn();
  }
  std::optional<bool> room;
  scope_.spawn("room", room_task, end_.get(), &room);
  scope_.cancel();
  ASSERT_TRUE(run_until([&] { return room.has_value(); }));
  EXPECT_FALSE(*room);
}

}  // namespace
}  // namespace hf::service::mysql
