#include "topology/mysql/read_rounds.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace hf::topology::mysql {
namespace {

constexpr TimePoint kStart{1'000'000'000};

TEST(ReadRounds, WhatNobodyAskedForRaisesNothing) {
  ReadRounds rounds;
  EXPECT_FALSE(rounds.wanted());
  rounds.begin(kStart);
  EXPECT_FALSE(rounds.end());
  EXPECT_EQ(rounds.round(), 0U);
}

TEST(ReadRounds, QuestionsTogetherAreAnsweredByOneReading) {
  ReadRounds rounds;
  EXPECT_EQ(rounds.ask(), 1U);
  EXPECT_EQ(rounds.ask(), 1U);
  EXPECT_TRUE(rounds.wanted());
  rounds.begin(kStart);
  EXPECT_FALSE(rounds.wanted());
  EXPECT_TRUE(rounds.end());
  EXPECT_EQ(rounds.round(), 1U);
  EXPECT_FALSE(rounds.wanted());
}

TEST(ReadRounds, AReadingUnderWayAnswersNobodyWhoAsksNow) {
  ReadRounds rounds;
  rounds.ask();
  rounds.begin(kStart);
  EXPECT_EQ(rounds.ask(), 2U);
  EXPECT_TRUE(rounds.end());
  EXPECT_EQ(rounds.round(), 1U);
  EXPECT_TRUE(rounds.wanted());
  rounds.begin(kStart);
  EXPECT_TRUE(rounds.end());
  EXPECT_EQ(rounds.round(), 2U);

  rounds.begin(kStart);  // nobody has asked for this one
  EXPECT_EQ(rounds.ask(), 3U);
  EXPECT_FALSE(rounds.end());
  rounds.begin(kStart);
  EXPECT_TRUE(rounds.end());
  EXPECT_EQ(rounds.round(), 3U);
}

TEST(ReadRounds, WithNobodyToReadFromTheAnswerIsWhatIsKnown) {
  ReadRounds rounds;
  EXPECT_FALSE(rounds.answer_without_reading());
  EXPECT_EQ(rounds.ask(), 1U);
  EXPECT_TRUE(rounds.answer_without_reading());
  EXPECT_EQ(rounds.round(), 1U);
  rounds.ask();
  rounds.begin(kStart);
  rounds.ask();
  EXPECT_FALSE(rounds.answer_without_reading());  // the reading at work first
}

/// Random questions and readings: who asks is answered by a reading that began later, none goes unanswered, none is too
/// early.
TEST(ReadRounds, EveryQuestionIsAnsweredByALaterReadingAndNoSixthBeginsWithinASecond) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    ReadRounds rounds;
    TimePoint now = kStart;
    std::vector<TimePoint> begun;
    struct Question {
      std::uint64_t answer;
      std::size_t readings_before;  // begun before it
    };
    std::vector<Question> open;
    for (int step = 0; step < 400; ++step) {
      now = now + Nanos(Millis(static_cast<std::int64_t>(random.below(60))));
      if (random.below(3) == 0) open.push_back({rounds.ask(), begun.size()});
      if (rounds.reading()) {
        if (random.below(2) == 0) continue;
        rounds.end();
        std::erase_if(open, [&](const Question& question) {
          if (question.answer > rounds.round()) return false;
          EXPECT_GT(begun.size(), question.readings_before) << "seed " << seed;
          return true;
        });
      } else if (rounds.wanted() && rounds.next_slot() <= now) {
        rounds.begin(now);
        begun.push_back(now);
      }
    }
    for (int i = 0; i < 3; ++i) {
      if (rounds.reading()) rounds.end();
      if (rounds.wanted()) rounds.begin(now + Nanos(1min));
    }
    if (rounds.reading()) rounds.end();
    for (const Question& question : open) EXPECT_LE(question.answer, rounds.round()) << "seed " << seed;
    for (std::size_t i = ReadRounds::kMostPerSecond; i < begun.size(); ++i) {
      EXPECT_GE(begun[i] - begun[i - ReadRounds::kMostPerSecond], Nanos(1s)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace hf::topology::mysql
