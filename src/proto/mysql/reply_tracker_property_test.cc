// Random replies, cut at random: the steps' bytes, the reported packets and the final state never depend on the cuts.
#include <gtest/gtest.h>

#include "proto/mysql/reply_tracker.h"
#include "proto/mysql/test_bytes.h"

namespace hf::proto::mysql {
namespace {

using testing::follow;
using testing::Outcome;
using testing::packet;
using testing::ReplyWriter;

struct Expected {
  std::uint64_t rows = 0;
  std::uint64_t results = 0;
  std::uint16_t error = 0;
};

std::string random_row(Random& random) {
  std::string row = std::string(1, static_cast<char>(random.below(0xFC)));  // no ERR, no EOF
  row.append(static_cast<std::size_t>(random.below(random.below(20) == 0 ? 3000 : 30)),
             static_cast<char>(random.next()));
  return row;
}

std::string random_reply(Random& random, Capabilities caps, Expected& expected) {
  ReplyWriter writer(caps);
  for (std::uint64_t left = 1 + random.below(4); left > 0; --left) {
    const StatusFlags status = left > 1 ? kStatusMoreResults : kStatusAutocommit;
    if (has(caps, kMariaDbProgress) && random.below(4) == 0) writer.progress();
    const std::uint64_t kind = random.below(8);
    if (kind == 0) {
      expected.error = 1205;
      writer.err(1205, "Lock wait timeout exceeded");
      break;
    }
    if (kind < 3) {
      writer.ok(status, random.below(1000));
      ++expected.results;
      continue;
    }
    const std::uint64_t columns = 1 + random.below(5);
    const bool cached = has(caps, kMariaDbCacheMetadata) && random.below(2) == 0;
    writer.column_count(columns, !cached).definitions(cached ? 0 : columns).definitions_eof(status);
    for (std::uint64_t rows = random.below(120); rows > 0; --rows, ++expected.rows) writer.raw(random_row(random));
    if (random.below(10) == 0) {
      expected.error = 1317;
      writer.err(1317, "Query execution was interrupted");
      break;
    }
    writer.end(status);
    ++expected.results;
  }
  return writer.bytes();
}

TEST(ReplyTrackerProperty, AnyCutGivesTheSame) {
  ReplyTracker tracker;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    Capabilities caps = kClientProtocol41;
    for (const Capabilities bit : {kClientDeprecateEof, kClientSessionTrack, kMariaDbCacheMetadata, kMariaDbProgress}) {
      if (random.below(2) == 0) caps |= bit;
    }
    Expected expected;
    const std::string reply = random_reply(random, caps, expected);
    const std::string bytes = reply + packet(1, "the next reply");

    tracker.start(Command::kStmtExecute, caps);
    const Outcome whole = follow(tracker, bytes, random, bytes.size() * 1000);
    EXPECT_FALSE(whole.failed);
    EXPECT_TRUE(whole.done);
    EXPECT_EQ(whole.consumed, reply.size());
    EXPECT_TRUE(whole.forwarded == reply);
    EXPECT_EQ(whole.rows, expected.rows);
    EXPECT_EQ(whole.results, expected.results);
    EXPECT_EQ(whole.error_code, expected.error);

    for (const std::size_t most : {1UL, 2UL, 7UL, 100UL, 5000UL}) {
      tracker.start(Command::kStmtExecute, caps);
      EXPECT_TRUE(follow(tracker, bytes, random, most) == whole) << "seed " << seed << ", pieces up to " << most;
    }
  }
}

TEST(ReplyTrackerProperty, BrokenRepliesFailTheSameWayHoweverTheyAreCut) {
  ReplyTracker tracker;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const Capabilities caps = kClientProtocol41 | (random.below(2) == 0 ? kClientDeprecateEof : 0);
    Expected expected;
    std::string bytes = random_reply(random, caps, expected).substr(0, 3000);
    for (std::uint64_t i = 1 + random.below(3); i > 0; --i) {
      bytes[static_cast<std::size_t>(random.below(bytes.size()))] = static_cast<char>(random.next());
    }
    tracker.start(Command::kQuery, caps);
    const Outcome whole = follow(tracker, bytes, random, bytes.size() * 1000);
    tracker.start(Command::kQuery, caps);
    Outcome cut = follow(tracker, bytes, random, 1 + static_cast<std::size_t>(random.below(50)));
    // A packet that cannot be followed may have been stashed (and so consumed) in part, but never forwarded.
    if (whole.failed || !whole.done) cut.consumed = whole.consumed;
    EXPECT_TRUE(cut == whole) << "seed " << seed;
  }
}

}  // namespace
}  // namespace hf::proto::mysql
