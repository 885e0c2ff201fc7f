#include "service/mysql/remembered_reply.h"

#include <gtest/gtest.h>

#include "proto/mysql/packet.h"

namespace hf::service::mysql {
namespace {

namespace wire = proto::mysql;
using policy::session::RememberedAnswer;

std::string packets(const std::vector<std::string>& payloads) {
  std::string bytes;
  std::uint8_t sequence = 1;
  for (const std::string& payload : payloads) sequence = wire::append_packet(bytes, sequence, payload);
  return bytes;
}

std::string row(const std::vector<std::string>& fields) {
  std::string payload;
  for (const std::string& field : fields) wire::append_lenenc_string(payload, field);
  return payload;
}

const std::string kEof("\xfe\0\0\2\0", 5);
constexpr wire::Capabilities kClassic = wire::kClientProtocol41;
constexpr wire::Capabilities kModern = wire::kClientProtocol41 | wire::kClientDeprecateEof;

RememberedAnswer values(std::vector<std::optional<std::int64_t>> all) { return {false, {}, std::move(all)}; }

TEST(RememberedReply, HasTheRememberedIntegersAndTheServersForTheRest) {
  const std::string said = packets({"\x02", "def1", "def2", kEof, row({"-1", "40"}), kEof});
  EXPECT_EQ(with_answer(said, values({3, std::nullopt}), false, kClassic),
            packets({"\x02", "def1", "def2", kEof, row({"3", "40"}), kEof}));
  const std::string modern = packets({"\x02", "def1", "def2", row({"-1", "40"}), kEof});
  EXPECT_EQ(with_answer(modern, values({std::nullopt, 7}), false, kModern),
            packets({"\x02", "def1", "def2", row({"-1", "7"}), kEof}));
}

TEST(RememberedReply, IsInTheCharacterSetOfTheServersOwn) {
  const std::pair<std::string, std::string> sets[] = {
      {std::string("\0-\0001", 4), std::string("\0004\0002", 4)},
      {std::string("-\0001\0", 4), std::string("4\0002\0", 4)},
      {std::string("\0\0\0000", 4), std::string("\0\0\0004\0\0\0002", 8)}};
  for (const auto& [said, answer] : sets) {
    EXPECT_EQ(with_answer(packets({"\x01", "d", row({said}), kEof}), values({42}), false, kModern),
              packets({"\x01", "d", row({answer}), kEof}));
  }
}

TEST(RememberedReply, KnowsBinaryRows) {
  std::string before(2, '\0');
  append_le(before, static_cast<std::uint64_t>(-1), 8);
  append_le(before, 40, 8);
  std::string after(2, '\0');
  append_le(after, 3, 8);
  append_le(after, 40, 8);
  EXPECT_EQ(with_answer(packets({"\x02", "d", "d", kEof, before, kEof}), values({3, std::nullopt}), true, kClassic),
            packets({"\x02", "d", "d", kEof, after, kEof}));
}

TEST(RememberedReply, HasAllRememberedRowsWhateverTheServerHas) {
  RememberedAnswer list{true, {{"Note", "1051", "one"}, {"Error", "1062", "two"}}, {}};
  const std::string none = packets({"\x03", "l", "c", "m", kEof, kEof});
  EXPECT_EQ(with_answer(none, list, false, kClassic),
            packets({"\x03", "l", "c", "m", kEof, row({"Note", "1051", "one"}), row({"Error", "1062", "two"}), kEof}));
  const std::string three =
      packets({"\x03", "l", "c", "m", row({"a", "1", "b"}), row({"a", "1", "b"}), row({"a", "1", "b"}), kEof});
  std::string binary(2, '\0');
  wire::append_lenenc_string(binary, "Note");
  append_le(binary, 1051, 4);
  wire::append_lenenc_string(binary, "one");
  list.rows.resize(1);
  EXPECT_EQ(with_answer(three, list, true, kModern), packets({"\x03", "l", "c", "m", binary, kEof}));
}

TEST(RememberedReply, LeavesAReplyOfAnotherShapeAsItIs) {
  const RememberedAnswer one = values({3});
  for (const std::string& said :
       {packets({"\x02", "d", "d", kEof, row({"1", "2"}), kEof}), packets({"\x01", "d", kEof, kEof}),
        packets({"\x01", "d", kEof, row({"1"}), row({"2"}), kEof}), packets({"\x01", "d", kEof, "\xfb", kEof}),
        packets({"\xff"}), std::string(), std::string("\x05")}) {
    EXPECT_EQ(with_answer(said, one, false, kClassic), said);
  }
  const std::string narrow = packets({"\x01", "d", kEof, std::string("\0\0\1\0\0\0", 6), kEof});
  EXPECT_EQ(with_answer(narrow, one, true, kClassic), narrow) << "an integer of four bytes";
}

}  // namespace
}  // namespace hf::service::mysql
