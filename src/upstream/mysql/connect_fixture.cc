#include "upstream/mysql/connect_fixture.h"

#include <utility>

#include "proto/mysql/test_bytes.h"

namespace hf::upstream::mysql {

namespace wire = proto::mysql;
using runtime::Scope;
using runtime::SteppedLoop;
using runtime::Task;
using wire::testing::ReplyWriter;

ServerStep err_step(std::uint8_t sequence, std::uint16_t code, ByteView message, wire::Capabilities capabilities) {
  return packet_step(sequence, wire::encode_err({.code = code, .sqlstate = "HY000", .message = message}, capabilities));
}

Task<void> connect_task(runtime::EventLoop* loop, net::Address address, const Login* login, Attempt* out,
                        Deadline deadline) {
  Result<ConnectionPtr> opened = co_await connect(*loop, address, *login, deadline);
  if (opened.ok()) {
    out->connection = std::move(*opened);
  } else {
    out->error = opened.error();
  }
  out->ended = true;
}

Task<void> query_task(Connection* connection, std::string sql, Attempt* out, Deadline deadline) {
  Result<wire::TextResult> result = co_await query(*connection, std::move(sql), deadline);
  if (result.ok()) {
    out->result = std::move(*result);
  } else {
    out->error = result.error();
  }
  out->ended = true;
}

Login login_of(std::string user) {
  Login login;
  login.credentials = {std::move(user), std::string(kPassword), std::nullopt};
  login.capabilities = kFakeCapabilities;
  return login;
}

Attempt connect_to(SteppedLoop& loop, const ServerFake& server, const Login& login) {
  Attempt attempt;
  Scope scope(*loop);
  scope.spawn("connect", connect_task, loop.get(), server.address(), &login, &attempt, loop->deadline_in(10s));
  EXPECT_TRUE(loop.run_until_empty(scope));
  return attempt;
}

Attempt connect_to(const ServerScript& script, const Login& login, std::size_t piece) {
  SteppedLoop loop;
  ServerFake server(*loop, script);
  server.set_piece(piece);
  Attempt attempt = connect_to(loop, server, login);
  attempt.connection.reset();
  return attempt;
}

std::string rows_reply() {
  return ReplyWriter(kFakeCapabilities & ~(wire::kClientSsl | wire::kClientCompress))
      .result_set(1, 2, wire::kStatusAutocommit | wire::kStatusInTransaction)
      .bytes();
}

Asked::Asked(std::vector<ServerStep> reply, std::size_t piece) : server(*loop, script_with(std::move(reply))) {
  Attempt attempt = connect_to(loop, server, login_of());
  connection = std::move(attempt.connection);
  server.set_piece(piece);
}

ServerScript Asked::script_with(std::vector<ServerStep> reply) {
  ServerScript script = login_script();
  script.push_back(expect_step());
  script.insert(script.end(), reply.begin(), reply.end());
  return script;
}

Attempt Asked::ask() {
  Attempt attempt;
  Scope scope(*loop);
  scope.spawn("query", query_task, connection.get(), std::string("SELECT 7"), &attempt, loop->deadline_in(10s));
  EXPECT_TRUE(loop.run_until_empty(scope));
  return attempt;
}

}  // namespace hf::upstream::mysql
