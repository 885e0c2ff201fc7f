#include "policy/session/retry.h"

#include <gtest/gtest.h>

#include <string>

#include "policy/sql/classifier.h"

namespace hf::policy::session {
namespace {

std::string_view name(Next next) {
  switch (next) {
    case Next::kAgain: return "again";
    case Next::kOtherReader: return "other reader";
    case Next::kMakeRoom: return "make room";
    case Next::kPrimary: return "primary";
    case Next::kReport: return "report";
    case Next::kReportAndEnd: return "report and end";
  }
  return "?";
}

/// Every attempt there is.
template <typename Check>
void for_all(Check check) {
  for (unsigned bits = 0; bits < 256; ++bits) {
    for (const std::uint32_t ties :
         {0U, tie::kTransaction, tie::kPinned, tie::kCursor, tie::kNextTransaction, tie::kTransaction | tie::kTableLock,
          tie::kDiagnostics, tie::kInsertId | tie::kDiagnostics, tie::kTransaction | tie::kDiagnostics}) {
      for (std::uint32_t lost = 0; lost < 3; ++lost) {
        Attempt attempt;
        attempt.at_primary = (bits & 1) != 0;
        attempt.sent = (bits & 2) != 0;
        attempt.reply_begun = (bits & 4) != 0;
        attempt.repeatable = (bits & 8) != 0;
        attempt.reroutable = (bits & 16) != 0;
        attempt.killed = (bits & 32) != 0;
        attempt.frail = (bits & 64) != 0;
        attempt.prepare = (bits & 128) != 0;
        attempt.ties = ties;
        attempt.lost_before = lost;
        check(attempt);
      }
    }
  }
}

bool goes_on(Next next) { return next == Next::kAgain || next == Next::kOtherReader || next == Next::kPrimary; }

TEST(Retry, FollowsTheTableOfLosses) {
  Attempt read;
  read.repeatable = true;
  Attempt write;
  write.at_primary = true;
  const auto with = [](Attempt attempt, auto change) {
    change(attempt);
    return attempt;
  };
  const struct {
    const char* what;
    Attempt attempt;
    Next wanted;
  } cases[] = {
      {"a read", read, Next::kOtherReader},
      {"a read on the primary", with(read, [](Attempt& a) { a.at_primary = true; }), Next::kReport},
      {"a read that has cost a server before", with(read, [](Attempt& a) { a.lost_before = 1; }), Next::kReport},
      {"a read of a shape that costs servers", with(read, [](Attempt& a) { a.frail = true; }), Next::kReport},
      {"a read of which the client has seen rows", with(read, [](Attempt& a) { a.reply_begun = true; }), Next::kReport},
      {"a read that somebody killed", with(read, [](Attempt& a) { a.killed = true; }), Next::kReport},
      {"a write", write, Next::kReport},
      {"a write that was not sent", with(write, [](Attempt& a) { a.sent = false; }), Next::kAgain},
      {"a write that was not sent, of a session that kept an insert id there",
       with(write, [](Attempt& a) { a.sent = false, a.ties = tie::kInsertId; }), Next::kAgain},
      {"a write in a transaction", with(write, [](Attempt& a) { a.ties = tie::kTransaction; }), Next::kReport},
      {"a write in a transaction, not sent",
       with(write, [](Attempt& a) { a.ties = tie::kTransaction, a.sent = false; }), Next::kReport},
      {"a pinned session", with(write, [](Attempt& a) { a.ties = tie::kPinned; }), Next::kReportAndEnd},
      {"a pinned session in a transaction", with(write, [](Attempt& a) { a.ties = tie::kPinned | tie::kTransaction; }),
       Next::kReportAndEnd},
      {"a prepare", with(write, [](Attempt& a) { a.prepare = true; }), Next::kAgain},
      {"a second prepare", with(write, [](Attempt& a) { a.prepare = true, a.lost_before = 1; }), Next::kReport},
      {"a prepare that somebody killed", with(write, [](Attempt& a) { a.prepare = true, a.killed = true; }),
       Next::kReport},
  };
  for (const auto& each : cases) EXPECT_EQ(name(after_loss(each.attempt)), name(each.wanted)) << each.what;
}

TEST(Retry, NothingThatMayHaveRunIsSentTwiceButAReadOnce) {
  for_all([](const Attempt& attempt) {
    if (!attempt.sent || !goes_on(after_loss(attempt))) return;
    EXPECT_TRUE(attempt.repeatable || attempt.prepare);
    EXPECT_EQ(attempt.lost_before, 0U);
  });
}

TEST(Retry, APrepareThatFindsTheServerFullIsTriedAgainAFewTimes) {
  Attempt prepare;
  prepare.prepare = true;
  prepare.ties = tie::kTransaction;
  const Refusal full{1461, false, false};
  EXPECT_EQ(after_refusal(prepare, full, sql::Statement{}), Next::kMakeRoom);
  prepare.rooms_made = 5;
  EXPECT_EQ(after_refusal(prepare, full, sql::Statement{}), Next::kReport);
  EXPECT_EQ(after_refusal(Attempt{}, full, sql::Statement{}), Next::kReport) << "PREPARE as text is the client's own";
}

TEST(Retry, AfterAKillNothingThatWasSentIsRepeated) {
  for_all([](const Attempt& attempt) {
    if (attempt.killed && (attempt.sent || attempt.reply_begun)) { EXPECT_FALSE(goes_on(after_loss(attempt))); }
  });
}

TEST(Retry, ALostReadNeverGoesToThePrimaryNext) {
  for_all([](const Attempt& attempt) {
    const Next next = after_loss(attempt);
    EXPECT_NE(name(next), name(Next::kPrimary));
    if (attempt.sent && !attempt.prepare) { EXPECT_NE(name(next), name(Next::kAgain)); }
  });
}

TEST(Retry, NothingIsRepeatedThatTheClientHasSeenAPartOf) {
  for_all([](const Attempt& attempt) {
    if (attempt.reply_begun) { EXPECT_FALSE(goes_on(after_loss(attempt))); }
  });
}

TEST(Retry, ASessionThatLosesMoreThanATransactionEnds) {
  for_all([](const Attempt& attempt) {
    const std::uint32_t hard = attempt.ties & tie::kHard;
    EXPECT_EQ(after_loss(attempt) == Next::kReportAndEnd, hard != 0 && hard != tie::kTransaction);
  });
}

TEST(Retry, FollowsTheTableOfRefusals) {
  const auto at = [](bool primary) {
    Attempt attempt;
    attempt.at_primary = primary;
    attempt.reroutable = true;
    return attempt;
  };
  const auto bulk = [&at](bool primary) {
    Attempt attempt = at(primary);
    attempt.bulk = true;
    return attempt;
  };
  const Refusal read_only{1290, true, false};
  const Refusal down{1053, false, true};
  const Refusal other{1064, false, false};
  Attempt read = at(false);
  read.repeatable = true;
  Attempt tied = at(true);
  tied.ties = tie::kTransaction;
  Attempt begun = at(false);
  begun.reply_begun = true;
  Attempt bound = at(false);
  bound.reroutable = false;
  const struct {
    const char* text;
    Attempt attempt;
    Refusal refusal;
    Next wanted;
  } cases[] = {
      {"INSERT INTO t VALUES (1)", at(false), read_only, Next::kPrimary},
      {"SELECT f(1)", at(false), read_only, Next::kPrimary},
      {"SELECT f(1)", at(true), read_only, Next::kReport},
      {"CALL p()", at(false), read_only, Next::kReport},
      {"SELECT 1; INSERT INTO t VALUES (1)", at(false), read_only, Next::kReport},
      {"INSERT INTO t VALUES (1)", at(true), read_only, Next::kAgain},
      {"UPDATE t SET a = 1", at(true), read_only, Next::kAgain},
      {"UPDATE t SET a = 1", bulk(true), read_only, Next::kReport},
      {"UPDATE t SET a = 1", bulk(false), read_only, Next::kPrimary},
      {"INSERT INTO t SELECT f(1)", at(true), read_only, Next::kReport},
      {"CREATE TABLE t (a INT)", at(true), read_only, Next::kAgain},
      {"BEGIN", at(true), read_only, Next::kAgain},
      {"CALL p()", at(true), read_only, Next::kReport},
      {"SELECT 1; INSERT INTO t VALUES (1)", at(true), read_only, Next::kReport},
      {"INSERT INTO t VALUES (1)", tied, read_only, Next::kReport},
      {"INSERT INTO t VALUES (1)", begun, read_only, Next::kReport},
      {"INSERT INTO t VALUES (1)", bound, read_only, Next::kReport},
      {"SELECT 1", read, down, Next::kAgain},
      {"INSERT INTO t VALUES (1)", at(true), down, Next::kReport},
      {"SELECT 1", read, other, Next::kReport},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(name(after_refusal(each.attempt, each.refusal, sql::classify(each.text, {}))), name(each.wanted))
        << each.text;
  }
}

TEST(Retry, KnowsWhatAServerCarriesOutWholeOrNotAtAll) {
  for (const char* text : {"INSERT INTO t VALUES (1)", "REPLACE INTO t VALUES (1)", "UPDATE t SET a = 1",
                           "DELETE FROM t", "BEGIN", "DROP TABLE t"}) {
    EXPECT_TRUE(is_one_statement(sql::classify(text, {}))) << text;
  }
  for (const char* text : {"SELECT 1; SELECT 2", "CALL p()", "INSERT INTO t SELECT f(1)", "EXECUTE s",
                           "LOAD DATA INFILE 'x' INTO TABLE t", "SELECT 1", "COMMIT"}) {
    EXPECT_FALSE(is_one_statement(sql::classify(text, {}))) << text;
  }
}

}  // namespace
}  // namespace hf::policy::session
