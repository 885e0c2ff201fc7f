#include "service/mysql/prepared.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "proto/mysql/test_bytes.h"

namespace hf::service::mysql {
namespace {

using policy::session::PreparedCache;
using proto::mysql::testing::unhex;
using Copy = PreparedCache::Copy;

PreparedStatement statement_with(std::uint16_t parameters) {
  PreparedStatement statement;
  statement.id = 1;
  statement.parameters = parameters;
  return statement;
}

Copy copy_with(std::uint32_t id) { return {id, {}, 0}; }

/// COM_STMT_SEND_LONG_DATA of so many bytes.
std::string piece(std::uint16_t parameter, std::size_t size) {
  std::string payload = unhex("18 01000000");
  append_le(payload, parameter, 2);
  return payload.append(size, 'x');
}

// COM_STMT_EXECUTE of statement 1: id, flags, iterations, NULL bitmap, new-parameters flag, types, values.
const std::string kWithTypes = unhex("17 01000000 00 01000000 00 01 0800 fd00 2a00000000000000 0178");
const std::string kWithoutTypes = unhex("17 01000000 00 01000000 00 00 2b00000000000000 0179");
const std::string kTypes = unhex("0800 fd00");

std::optional<std::uint64_t> bound(ByteView hex) {
  PreparedStatement statement = statement_with(1);
  return number_bound(unhex("17 01000000 00 01000000" + std::string(hex)), statement);
}

TEST(NumberBound, ReadsWholeNumbersOfEverySize) {
  EXPECT_EQ(bound("00 01 0100 2a"), 42U);
  EXPECT_EQ(bound("00 01 0180 ff"), 255U);
  EXPECT_EQ(bound("00 01 0200 0102"), 0x0201U);
  EXPECT_EQ(bound("00 01 0300 01000041"), 0x41000001U);
  EXPECT_EQ(bound("00 01 0900 01000041"), 0x41000001U);
  EXPECT_EQ(bound("00 01 0800 0100004100000000"), 0x41000001U);
  EXPECT_EQ(bound("00 01 0880 ffffffffffffffff"), ~std::uint64_t{0});
  EXPECT_EQ(bound("00 01 fd00 023432"), 42U);
  EXPECT_EQ(bound("00 01 f600 023432"), 42U);
}

TEST(NumberBound, ReadsNothingElse) {
  for (const char* hex : {"01 01 0600", "00 01 0100 ff", "00 01 0800 ffffffffffffffff", "00 01 0500 000000000000f03f",
                          "00 01 fd00 033432", "00 01 fd00 023478", "00 01 fd00 00", "00 01 0300 0102", "00 01 03",
                          "00 00 01000000", "00", ""}) {
    EXPECT_EQ(bound(hex), std::nullopt) << hex;
  }
}

TEST(NumberBound, GoesByTheTypesOfAnEarlierExecution) {
  PreparedStatement statement = statement_with(1);
  EXPECT_EQ(number_bound(unhex("17 01000000 00 01000000 00 01 0300 01000041"), statement), 0x41000001U);
  EXPECT_EQ(number_bound(unhex("17 01000000 00 01000000 00 00 02000041"), statement), 0x41000002U);
}

TEST(NumberBound, IsNotThatOfLongDataOrSeveral) {
  PreparedStatement statement = statement_with(1);
  statement.long_data = "x";
  EXPECT_EQ(number_bound(unhex("17 01000000 00 01000000 00 01 0300 01000041"), statement), std::nullopt);
  PreparedStatement two = statement_with(2);
  EXPECT_EQ(number_bound(kWithTypes, two), std::nullopt);
}

TEST(ExecutePayload, PutsTheServersIdInPlaceOfOurs) {
  PreparedStatement statement = statement_with(0);
  Copy copy = copy_with(0x01020304);
  EXPECT_EQ(execute_payload(unhex("17 01000000 00 01000000"), statement, copy), unhex("17 04030201 00 01000000"));
  EXPECT_TRUE(copy.types.empty());
}

TEST(ExecutePayload, KeepsTheTypesThatTheClientSends) {
  PreparedStatement statement = statement_with(2);
  Copy copy = copy_with(9);
  std::string expected = kWithTypes;
  expected[1] = 9;
  EXPECT_EQ(execute_payload(kWithTypes, statement, copy), expected);
  EXPECT_EQ(statement.types, kTypes);
  EXPECT_EQ(copy.types, kTypes);
}

TEST(ExecutePayload, LeavesTheTypesOutWhereTheConnectionKnowsThem) {
  PreparedStatement statement = statement_with(2);
  Copy copy = copy_with(9);
  const std::string first = execute_payload(kWithTypes, statement, copy);
  std::string expected = kWithoutTypes;
  expected[1] = 9;
  EXPECT_EQ(execute_payload(kWithoutTypes, statement, copy), expected);
}

TEST(ExecutePayload, GivesAMovedStatementItsTypesOnceOnItsNewConnection) {
  PreparedStatement statement = statement_with(2);
  Copy before = copy_with(9);
  const std::string first = execute_payload(kWithTypes, statement, before);
  Copy moved = copy_with(5);
  EXPECT_EQ(execute_payload(kWithoutTypes, statement, moved),
            unhex("17 05000000 00 01000000 00 01 0800 fd00 2b00000000000000 0179"));
  EXPECT_EQ(moved.types, kTypes);
  std::string again = kWithoutTypes;
  again[1] = 5;
  EXPECT_EQ(execute_payload(kWithoutTypes, statement, moved), again);
}

TEST(ExecutePayload, NewTypesReplaceTheOnesKept) {
  PreparedStatement statement = statement_with(2);
  Copy copy = copy_with(9);
  std::string first = execute_payload(kWithTypes, statement, copy);
  first = execute_payload(unhex("17 01000000 00 01000000 00 01 0300 0300 01000000 02000000"), statement, copy);
  Copy moved = copy_with(5);
  EXPECT_EQ(execute_payload(unhex("17 01000000 00 01000000 00 00 01000000 02000000"), statement, moved),
            unhex("17 05000000 00 01000000 00 01 0300 0300 01000000 02000000"));
}

TEST(ExecutePayload, CountsTheNullBitmapInWholeBytes) {
  for (const std::uint16_t parameters : {std::uint16_t{7}, std::uint16_t{8}, std::uint16_t{9}, std::uint16_t{17}}) {
    PreparedStatement statement = statement_with(parameters);
    statement.types = std::string(std::size_t{2} * parameters, '\x03');
    Copy copy = copy_with(1);
    const std::string bitmap((parameters + 7U) / 8U, '\xff');  // all NULL: no values
    const std::string head = unhex("17 01000000 00 01000000") + bitmap;
    EXPECT_EQ(execute_payload(head + '\0', statement, copy), head + '\1' + statement.types) << parameters;
  }
}

TEST(ExecutePayload, WithoutKnownTypesItIsTheServersToComplain) {
  PreparedStatement statement = statement_with(2);
  Copy copy = copy_with(1);
  EXPECT_EQ(execute_payload(kWithoutTypes, statement, copy), kWithoutTypes);
  EXPECT_TRUE(copy.types.empty());
}

TEST(ExecutePayload, MalformedOnesPassAsTheyAreButForTheId) {
  for (std::size_t size = 5; size < kWithTypes.size(); ++size) {
    PreparedStatement statement = statement_with(2);
    Copy copy = copy_with(9);
    std::string expected = kWithTypes.substr(0, size);
    expected[1] = 9;
    const std::string cut = kWithTypes.substr(0, size);  // a buffer of its own: a sanitizer sees reads past it
    EXPECT_EQ(execute_payload(cut, statement, copy), expected) << size;
    EXPECT_TRUE(statement.types.empty() || statement.types == kTypes) << size;
  }
}

TEST(ExecutePayload, AnyBytesAreSurvived) {
  Random random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string payload(5 + random.below(40), '\0');
    for (char& c : payload) c = static_cast<char>(random.next());
    payload[0] = '\x17';
    PreparedStatement statement = statement_with(static_cast<std::uint16_t>(random.below(round % 7 == 0 ? 65536 : 20)));
    if (random.below(2) == 0) statement.types = std::string(std::size_t{2} * statement.parameters, 't');
    Copy copy = copy_with(9);
    const std::string sent = execute_payload(payload, statement, copy);
    EXPECT_TRUE(sent.size() == payload.size() || sent.size() == payload.size() + statement.types.size());
  }
}

TEST(ExecutePayload, ABulkExecutionsTypesAreKeptAndGivenToAMovedStatement) {
  PreparedStatement statement = statement_with(1);
  Copy before = copy_with(9);
  EXPECT_EQ(execute_payload(unhex("fa 01000000 8000 0300 00 01000000"), statement, before),
            unhex("fa 09000000 8000 0300 00 01000000"));
  EXPECT_EQ(before.types, unhex("0300"));
  EXPECT_EQ(execute_payload(unhex("fa 01000000 0000 00 02000000"), statement, before),
            unhex("fa 09000000 0000 00 02000000"));
  Copy moved = copy_with(5);
  EXPECT_EQ(execute_payload(unhex("fa 01000000 0000 00 02000000"), statement, moved),
            unhex("fa 05000000 8000 0300 00 02000000"));
  EXPECT_EQ(moved.types, unhex("0300"));
}

TEST(ExecutePayload, BulkExecutionsAndOthersShareTheirTypes) {
  PreparedStatement statement = statement_with(2);
  Copy copy = copy_with(9);
  ASSERT_FALSE(execute_payload(kWithTypes, statement, copy).empty());
  Copy moved = copy_with(5);
  EXPECT_EQ(execute_payload(unhex("fa 01000000 0000 01 01"), statement, moved),
            unhex("fa 05000000 8000 0800 fd00 01 01"));
  ASSERT_FALSE(execute_payload(unhex("fa 01000000 8000 0300 0300 01 01"), statement, moved).empty());
  EXPECT_EQ(execute_payload(unhex("17 01000000 00 01000000 00 00 01000000 02000000"), statement, copy),
            unhex("17 09000000 00 01000000 00 01 0300 0300 01000000 02000000"));
}

TEST(ExecutePayload, ABulkExecutionThatTheServerRefusesPassesAsItIsButForTheId) {
  PreparedStatement statement = statement_with(1);
  statement.types = unhex("0300");
  for (const char* rest : {"", "00", "8100 0800 00", "0001 00"}) {
    Copy copy = copy_with(9);
    EXPECT_EQ(execute_payload(unhex("fa 01000000") + unhex(rest), statement, copy), unhex("fa 09000000") + unhex(rest))
        << rest;
    EXPECT_EQ(statement.types, unhex("0300")) << rest;
  }
}

TEST(KeptByFailure, IsWhatTheServerHasNotRead) {
  const std::string bulk = unhex("fa 01000000 8000 0300");
  EXPECT_EQ(kept_by_failure(kWithTypes, 1210, "Incorrect arguments to mysqld_stmt_send_long_data"), Kept::kAll);
  EXPECT_EQ(kept_by_failure(bulk, 1210, "Incorrect arguments to mysqld_stmt_send_long_data"), Kept::kAll);
  EXPECT_EQ(kept_by_failure(kWithTypes, 1105,
                            "… set through mysql_send_long_data() is longer than 'max_allowed_packet' bytes"),
            Kept::kAll);
  EXPECT_EQ(kept_by_failure(bulk, 1835, "Malformed communication packet"), Kept::kAll);
  EXPECT_EQ(kept_by_failure(bulk, 1295, "This command is not supported"), Kept::kAll);
  EXPECT_EQ(kept_by_failure(kWithTypes, 1210, "Incorrect arguments to mysqld_stmt_execute"), Kept::kCursor);
  EXPECT_EQ(kept_by_failure(bulk, 1210, "Incorrect arguments to mysqld_stmt_bulk_execute"), Kept::kNothing);
  EXPECT_EQ(kept_by_failure(kWithTypes, 1210, "Incorrect arguments to NTH_VALUE"), Kept::kNothing);
  EXPECT_EQ(kept_by_failure(kWithTypes, 1062, "Duplicate entry"), Kept::kNothing);
  EXPECT_EQ(kept_by_failure(kWithTypes, 1105, "a trigger's own"), Kept::kNothing);
}

TEST(ExecutePayload, ACopyThatAnotherSessionBoundOtherwiseIsGivenTheTypesAgain) {
  PreparedStatement statement = statement_with(2);
  Copy copy = copy_with(9);
  ASSERT_FALSE(execute_payload(kWithTypes, statement, copy).empty());
  copy.types = unhex("0300 0300");  // somebody else executed it in between
  EXPECT_EQ(execute_payload(kWithoutTypes, statement, copy),
            unhex("17 09000000 00 01000000 00 01 0800 fd00 2b00000000000000 0179"));
  EXPECT_EQ(copy.types, kTypes);
}

TEST(PreparedStatements, LongDataIsBoundedForOneStatementAndForAll) {
  PreparedStatements statements;
  PreparedStatement& one = statements.add({"SELECT ?", nullptr}, {});
  PreparedStatement& other = statements.add({"SELECT ?", nullptr}, {});
  constexpr std::size_t kServerTakes = PreparedStatements::kMostLongData / 2;
  statements.add_long_data(one, piece(0, kServerTakes - 100), kServerTakes);
  statements.add_long_data(other, piece(0, kServerTakes - 100), kServerTakes);
  EXPECT_EQ(other.long_data_refused, "");
  statements.add_long_data(other, piece(1, 600), kServerTakes);
  EXPECT_EQ(other.long_data_refused,
            "Holdfast keeps at most 67108864 bytes of mysql_send_long_data() for all statements of a session until "
            "they are executed");
  EXPECT_TRUE(other.long_data.empty());
  statements.add_long_data(one, piece(1, 600), kServerTakes);
  EXPECT_EQ(one.long_data_refused, "") << "there is room again";
  statements.drop_long_data(other);
  EXPECT_EQ(other.long_data_refused, "");
}

TEST(PreparedStatements, LongDataThatIsRefusedIsSoInTheServersWordsWhereItWouldRefuseIt) {
  PreparedStatements statements;
  PreparedStatement& one = statements.add({"SELECT ?,?,?", nullptr}, {});
  for (int i = 0; i < 3; ++i) statements.add_long_data(one, piece(0, 800), 1000);
  EXPECT_EQ(one.long_data_refused,
            "Parameter of prepared statement which is set through mysql_send_long_data() is longer than "
            "'max_allowed_packet' bytes");
  statements.drop_long_data(one);
  for (std::uint16_t i = 0; i < 3; ++i) statements.add_long_data(one, piece(i, 800), 1000);
  EXPECT_EQ(one.long_data_refused,
            "Holdfast keeps at most 2000 bytes of mysql_send_long_data() for a statement until they are executed");
}

TEST(PreparedStatements, CursorsEndWithTheirConnection) {
  PreparedStatements statements;
  PreparedStatement& one = statements.add({"SELECT 1", nullptr}, {});
  one.cursor_on = 7;
  EXPECT_TRUE(statements.any_cursor());
  statements.forget_cursors(8);
  EXPECT_TRUE(statements.any_cursor());
  statements.forget_cursors(7);
  EXPECT_FALSE(statements.any_cursor());
}

TEST(PreparedStatements, IdsAreNeverUsedAgain) {
  PreparedStatements statements;
  const std::uint32_t first = statements.add({"SELECT 1", nullptr}, {}).id;
  const std::uint32_t second = statements.add({"SELECT 2", nullptr}, {}).id;
  EXPECT_EQ(statements.size(), 2U);
  EXPECT_EQ(*statements.find(first)->meaning.text, "SELECT 1");
  statements.erase(second);
  EXPECT_EQ(statements.find(second), nullptr);
  EXPECT_NE(statements.add({"SELECT 3", nullptr}, {}).id, second);
  statements.clear();
  EXPECT_TRUE(statements.empty());
  EXPECT_GT(statements.add({"SELECT 4", nullptr}, {}).id, second);
  EXPECT_EQ(statements.find(0), nullptr);
}

TEST(PreparedStatements, CountTheBytesOfTheirTexts) {
  PreparedStatements statements;
  const std::uint32_t first = statements.add({std::string(70, 'x'), nullptr}, {}).id;
  statements.add({std::string(30, 'y'), nullptr}, {});
  EXPECT_EQ(statements.text_bytes(), 100U);
  statements.erase(first);
  EXPECT_EQ(statements.text_bytes(), 30U);
  statements.clear();
  EXPECT_EQ(statements.text_bytes(), 0U);
}

TEST(PreparedStatements, TheLastOnePreparedHasAnIdOfItsOwn) {
  PreparedStatements statements;
  EXPECT_EQ(statements.find(0xFFFFFFFF), nullptr);
  statements.add({"SELECT 1", nullptr}, {});
  const std::uint32_t last = statements.add({"SELECT 2", nullptr}, {}).id;
  ASSERT_NE(statements.find(0xFFFFFFFF), nullptr);
  EXPECT_EQ(statements.find(0xFFFFFFFF)->id, last);
  statements.erase(last);
  EXPECT_EQ(statements.find(0xFFFFFFFF), nullptr);
}

TEST(PreparedStatements, AStatementStaysWhereItIsWhileOthersComeAndGo) {
  PreparedStatements statements;
  PreparedStatement* first = &statements.add({"SELECT 1", nullptr}, {});
  const std::uint32_t id = first->id;
  for (int i = 0; i < 1000; ++i) {
    const std::uint32_t other = statements.add({"SELECT 2", nullptr}, {}).id;
    if (i % 2 == 0) statements.erase(other);
  }
  EXPECT_EQ(statements.find(id), first);
}

}  // namespace
}  // namespace hf::service::mysql
