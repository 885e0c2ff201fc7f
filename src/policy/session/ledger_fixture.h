// Ledger: one session and one connection that fits it, for tests of the ledger. A statement runs there with a reply of
// the test's.
//
// Owner: the test. Thread: the test's.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/session/ledger.h"

namespace hf::policy::session {

/// "RESET | USE a | SET …", with MULTI ON and MULTI OFF for the option.
std::string shown(const std::vector<Step>& steps);

/// One session and one connection that fits it.
class Ledger : public testing::Test {
 protected:
  Ledger();

  ConnectionFacts fresh(ConnectionSerial serial) const;

  static ReplyFacts ok(Settings::Variables variables = {}, bool state_changed = false);
  static ReplyFacts rows(std::uint64_t count);
  static ReplyFacts error(std::uint16_t code);
  static ReplyFacts inserted(std::uint64_t id, std::uint64_t affected = 1);
  static ReplyFacts in_transaction(ReplyFacts reply);

  /// The statement ran on `connection_`, which was kept for `ties_`.
  Learnt run(const std::string& text, const ReplyFacts& reply);
  void set(ByteView name, ByteView value);
  std::string steps(const Needs& needs = {}, bool fresh_rights = false) const {
    return shown(before(session_, connection_, needs, fresh_rights));
  }
  void renew();

  SettingsTable table_;
  SettingsPtr start_;
  SessionFacts session_;
  ConnectionFacts connection_;
  std::uint32_t ties_ = 0;
};

}  // namespace hf::policy::session
