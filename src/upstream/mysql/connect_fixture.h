// For tests of connections to servers: one attempt to connect or to ask, and a connection of our own to a server that
// plays a script.
//
// Owner: the test. Thread: that of its loop.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/stepped_loop_fake.h"
#include "upstream/mysql/connection.h"
#include "upstream/mysql/server_fake.h"

namespace hf::upstream::mysql {

inline constexpr ByteView kPassword = "tiger";

ServerStep err_step(std::uint8_t sequence, std::uint16_t code, ByteView message,
                    proto::mysql::Capabilities capabilities = kFakeCapabilities);

/// What a connect or a query came to.
struct Attempt {
  bool ended = false;
  ConnectionPtr connection;
  std::optional<Error> error;
  std::optional<proto::mysql::TextResult> result;

  PeerSaid said() const { return error && error->said != nullptr ? *error->said : PeerSaid{}; }
  std::string outcome() const { return !ended ? "waiting" : error ? std::string(to_string(error->code)) : "ok"; }
};

runtime::Task<void> connect_task(runtime::EventLoop* loop, net::Address address, const Login* login, Attempt* out,
                                 Deadline deadline);
runtime::Task<void> query_task(Connection* connection, std::string sql, Attempt* out, Deadline deadline);
Login login_of(std::string user = "app");
Attempt connect_to(runtime::SteppedLoop& loop, const ServerFake& server, const Login& login);
Attempt connect_to(const ServerScript& script, const Login& login, std::size_t piece = 0);

/// A connection of our own to a server that plays `reply` after the login.
struct Asked {
  explicit Asked(std::vector<ServerStep> reply, std::size_t piece = 0);
  ~Asked() { connection.reset(); }
  static ServerScript script_with(std::vector<ServerStep> reply);
  Attempt ask();

  runtime::SteppedLoop loop;
  ServerFake server;
  ConnectionPtr connection;
};

/// Two rows of one column, and a transaction that goes on.
std::string rows_reply();

}  // namespace hf::upstream::mysql
