// What replies and servers' commands were, in words, so that a test can compare them at once.
//
// Owner: nobody, functions; a ReplyReader its test. Thread: the test's.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "policy/session/ledger.h"
#include "proto/mysql/session_state.h"
#include "service/mysql/session.h"
#include "service/mysql/session_fixture.h"

namespace hf::service::mysql::testing {

namespace wire = proto::mysql;

/// Reads one reply, packet by packet, and says in words what it was: "ok", "rows 7 8", "rows 7 | ok", "error 1064
/// words", "prepared 1".
class ReplyReader {
 public:
  ReplyReader(wire::Capabilities capabilities, wire::Command command);
  bool done() const { return state_ == State::kDone; }
  const std::string& words() const { return words_; }
  /// The last OK, EOF or ERR.
  const std::string& last() const { return last_; }
  /// "error 1064 words", of an ERR packet.
  static std::string error_words(ByteView payload);

  void take(const std::string& payload);

 private:
  enum class State : std::uint8_t {
    kResponse,
    kSkipped,  // definitions, and their EOF
    kRows,
    kDone
  };

  void take_response(const std::string& payload, std::uint8_t head);
  void begin_rows();
  void skip(std::size_t packets, State then);
  std::size_t definitions(std::uint64_t columns) const;
  void end(const std::string& what, const std::string& payload);
  wire::StatusFlags status_of(const std::string& payload) const;
  /// The first column of a text row, or how long a large one is.
  static std::string value(const std::string& row);

  wire::Capabilities capabilities_;
  wire::Command command_;
  State state_ = State::kResponse;
  State behind_skipped_ = State::kDone;
  std::size_t skipped_ = 0;
  std::string words_;
  std::string last_;
};

/// Changes of a session, as an OK tells them.
std::string changes(std::initializer_list<wire::SessionStateEntry> entries);
wire::SessionStateEntry variable(ByteView name, ByteView value);
wire::SessionStateEntry schema(ByteView name);
wire::SessionStateEntry something();

/// What a client got: "rows 7 8", "error 1064 words"; with " gone" behind it when the connection ended in the middle.
std::string shown(const Answer& answer);

/// A command that a server got: texts as they are, other commands by name. What every connection of ours tracks is
/// "tracking".
std::string shown(const ResponderFake::Heard& heard);
/// All that a server was asked, on all its connections, in order.
std::string shown(const ResponderFake& server);
/// How often servers may at most have been sent what must run once: a refusal as read-only, or by a server in shutdown,
/// ran nothing.
std::size_t once(const Stage& stage);
/// The same since the last time.
std::string shown_now(ResponderFake& server);

/// A test on a stage of its own, which start() sets up as `options_` say.
class StageTest : public ::testing::Test {
 protected:
  void start() { stage_ = std::make_unique<Stage>(options_); }
  Stage& stage() { return *stage_; }
  ResponderFake& server() { return stage_->primary(); }
  std::string ask(TestClient& client, ByteView sql) { return shown(stage_->ask_query(client, sql)); }
  Session& session(const TestClient& client) { return *stage_->frontend().state().find(client.id()); }
  const Holdings& kept(const TestClient& client) { return session(client).kept(); }
  policy::session::SessionFacts& facts(const TestClient& client) { return session(client).facts(); }

  StageOptions options_;
  std::unique_ptr<Stage> stage_;
};

/// The answers are those of sessions that have settled what came with them.
class SettledStageTest : public StageTest {
 protected:
  std::string ask(TestClient& client, ByteView sql) {
    std::string answer = StageTest::ask(client, sql);
    stage_->rest(10ms);
    return answer;
  }
};

}  // namespace hf::service::mysql::testing
