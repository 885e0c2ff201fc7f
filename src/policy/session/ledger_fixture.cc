#include "policy/session/ledger_fixture.h"

#include <utility>

#include "policy/sql/classifier.h"

namespace hf::policy::session {
std::string shown(const std::vector<Step>& steps) {
  std::string out;
  for (const Step& step : steps) {
    if (!out.empty()) out += " | ";
    switch (step.kind) {
      case Step::Kind::kReset: out += "RESET"; break;
      case Step::Kind::kSchema: out += "USE " + step.text; break;
      case Step::Kind::kStatement: out += step.text; break;
      case Step::Kind::kOption: out += step.text == std::string(2, '\0') ? "MULTI ON" : "MULTI OFF"; break;
    }
  }
  return out;
}

Ledger::Ledger() {
  start_ = table_.intern(Settings("a", {{"autocommit", "ON"},
                                        {"sql_mode", ""},
                                        {"time_zone", "SYSTEM"},
                                        {"character_set_client", "utf8mb4"},
                                        {"character_set_connection", "utf8mb4"},
                                        {"collation_connection", "utf8mb4_general_ci"}}));
  session_.settings = start_;
  connection_ = fresh(1);
}

ConnectionFacts Ledger::fresh(ConnectionSerial serial) const {
  ConnectionFacts facts;
  facts.serial = serial;
  facts.settings = start_;
  facts.tracking = true;
  return facts;
}

ReplyFacts Ledger::ok(Settings::Variables variables, bool state_changed) {
  ReplyFacts reply;
  reply.status = Status{};
  reply.results = 1;
  reply.variables = std::move(variables);
  reply.state_changed = state_changed || !reply.variables.empty();
  return reply;
}

ReplyFacts Ledger::rows(std::uint64_t count) {
  ReplyFacts reply = ok();
  reply.rows = count;
  reply.result_set = true;
  return reply;
}

ReplyFacts Ledger::error(std::uint16_t code) {
  ReplyFacts reply;
  reply.failed = true;
  reply.error_code = code;
  return reply;
}

ReplyFacts Ledger::inserted(std::uint64_t id, std::uint64_t affected) {
  ReplyFacts reply = ok();
  reply.insert_id = id;
  reply.affected_rows = affected;
  return reply;
}

ReplyFacts Ledger::in_transaction(ReplyFacts reply) {
  reply.status->in_transaction = true;
  return reply;
}

Learnt Ledger::run(const std::string& text, const ReplyFacts& reply) {
  const Learnt learnt = learn(session_, connection_, sql::classify(text, {}), reply, ties_, table_);
  ties_ = learnt.ties;
  return learnt;
}

void Ledger::set(ByteView name, ByteView value) {
  Settings next = *session_.settings;
  next.set_variable(name, value);
  session_.settings = table_.intern(std::move(next));
}

void Ledger::renew() {
  session_ = {};
  session_.settings = start_;
  connection_ = fresh(1);
  ties_ = 0;
}

}  // namespace hf::policy::session
