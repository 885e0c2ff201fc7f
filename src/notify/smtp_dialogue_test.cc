#include "notify/smtp_dialogue.h"

#include <gtest/gtest.h>

#include <vector>

namespace hf::notify {
namespace {

Letter letter() {
  return Letter{.greeting = "gw-a", .from = "h@x", .to = {"a@x", "b@x"}, .text = "Subject: s\r\n\r\n.dot\r\n"};
}

/// What the server says, and what we say then.
struct Exchange {
  std::string answer;
  std::string expect;
};

const std::vector<Exchange> kWhole = {
    {"220-mail.example\r\n220 ready\r\n", "EHLO gw-a\r\n"},
    {"250-mail.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n", "MAIL FROM:<h@x>\r\n"},
    {"250 ok\r\n", "RCPT TO:<a@x>\r\n"},
    {"250 ok\r\n", "RCPT TO:<b@x>\r\n"},
    {"251 forwarded\r\n", "DATA\r\n"},
    {"354 go\r\n", "Subject: s\r\n\r\n..dot\r\n.\r\n"},
    {"250 queued\r\n", "QUIT\r\n"},
};

TEST(SmtpDialogue, AWholeOne) {
  SmtpDialogue dialogue(letter());
  for (const Exchange& exchange : kWhole) {
    EXPECT_FALSE(dialogue.done());
    const Result<std::string> said = dialogue.receive(exchange.answer);
    ASSERT_TRUE(said.ok()) << said.error().context;
    EXPECT_EQ(*said, exchange.expect);
  }
  EXPECT_TRUE(dialogue.done());
  EXPECT_EQ(dialogue.refused(), "");
}

TEST(SmtpDialogue, RepliesMayComeByteByByteAndWithBareNewlines) {
  SmtpDialogue dialogue(letter());
  for (const Exchange& exchange : kWhole) {
    std::string answer = exchange.answer;
    std::erase(answer, '\r');
    std::string said;
    for (const char c : answer) {
      EXPECT_EQ(said, "");
      const Result<std::string> more = dialogue.receive(std::string(1, c));
      ASSERT_TRUE(more.ok());
      said += *more;
    }
    EXPECT_EQ(said, exchange.expect);
  }
  EXPECT_TRUE(dialogue.done());
}

TEST(SmtpDialogue, ARefusalOfAnyStepEndsItWithTheServersWords) {
  for (const auto& [code, expected] :
       {std::pair{"550", ErrorCode::kAccessDenied}, std::pair{"451", ErrorCode::kOverload}}) {
    for (std::size_t step = 0; step < kWhole.size(); ++step) {
      const bool helo = step == 1 && expected == ErrorCode::kAccessDenied;
      if (step == 3 || step == 4 || helo) continue;  // tested below
      SmtpDialogue dialogue(letter());
      for (std::size_t i = 0; i < step; ++i) ASSERT_TRUE(dialogue.receive(kWhole[i].answer).ok());
      const Result<std::string> said = dialogue.receive(std::string(code) + " no \x1b such\r\n");
      ASSERT_FALSE(said.ok()) << step;
      EXPECT_EQ(said.error().code, expected) << step;
      EXPECT_EQ(said.error().context, "the mail server answered " + std::string(code) + " no   such");
      EXPECT_FALSE(dialogue.done());
    }
  }
}

TEST(SmtpDialogue, AServerThatOnlyKnowsHelo) {
  SmtpDialogue dialogue(letter());
  ASSERT_TRUE(dialogue.receive("220 old\r\n").ok());
  EXPECT_EQ(dialogue.receive("502 what\r\n").value(), "HELO gw-a\r\n");
  EXPECT_EQ(dialogue.receive("250 hi\r\n").value(), "MAIL FROM:<h@x>\r\n");
  SmtpDialogue refused(letter());
  ASSERT_TRUE(refused.receive("220 old\r\n").ok());
  ASSERT_TRUE(refused.receive("502 what\r\n").ok());
  EXPECT_FALSE(refused.receive("502 what\r\n").ok());
}

TEST(SmtpDialogue, OneRecipientsRefusalKeepsNobodyElseFromHearing) {
  SmtpDialogue dialogue(letter());
  for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(dialogue.receive(kWhole[i].answer).ok());
  EXPECT_EQ(dialogue.receive("550 unknown\r\n").value(), "RCPT TO:<b@x>\r\n");
  EXPECT_EQ(dialogue.receive("250 ok\r\n").value(), "DATA\r\n");
  EXPECT_EQ(dialogue.refused(), "a@x: 550 unknown");

  SmtpDialogue none(letter());
  for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(none.receive(kWhole[i].answer).ok());
  ASSERT_TRUE(none.receive("550 unknown\r\n").ok());
  EXPECT_FALSE(none.receive("550 unknown\r\n").ok());
}

TEST(SmtpDialogue, HostileAnswers) {
  for (const std::string answer :
       {"hello\r\n", "22\r\n", "220\tx\r\n", "099 x\r\n", "600 x\r\n", "\r\n", "2200 x\r\n"}) {
    const Result<std::string> said = SmtpDialogue(letter()).receive(answer);
    ASSERT_FALSE(said.ok()) << answer;
    EXPECT_EQ(said.error().code, ErrorCode::kProtocol);
  }
  EXPECT_FALSE(SmtpDialogue(letter()).receive(std::string(5000, '2')).ok()) << "a line without an end";
  std::string endless;
  for (int i = 0; i < 5000; ++i) endless += "220-more\r\n";
  EXPECT_FALSE(SmtpDialogue(letter()).receive(endless).ok());
  const Result<std::string> lengthy = SmtpDialogue(letter()).receive("500 " + std::string(2000, 'x') + "\r\n");
  ASSERT_FALSE(lengthy.ok());
  EXPECT_LT(lengthy.error().context.size(), 300U);
}

TEST(SmtpDialogue, AnswersSentAheadAreNotTakenForLaterOnes) {
  SmtpDialogue dialogue(letter());
  EXPECT_EQ(dialogue.receive("220 hi\r\n250 a\r\n250 b\r\n250 c\r\n").value(), "EHLO gw-a\r\n");
  EXPECT_EQ(dialogue.receive("250 hi\r\n").value(), "MAIL FROM:<h@x>\r\n");
}

TEST(SmtpDialogue, DotStuffing) {
  EXPECT_EQ(dot_stuffed(""), ".\r\n");
  EXPECT_EQ(dot_stuffed("a"), "a\r\n.\r\n");
  EXPECT_EQ(dot_stuffed(".\r\n"), "..\r\n.\r\n");
  EXPECT_EQ(dot_stuffed("a\n.\nb.\r\n.c"), "a\r\n..\r\nb.\r\n..c\r\n.\r\n");
}

}  // namespace
}  // namespace hf::notify
