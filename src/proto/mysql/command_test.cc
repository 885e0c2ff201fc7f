#include "proto/mysql/command.h"

#include <gtest/gtest.h>

namespace hf::proto::mysql {
namespace {

TEST(Command, NumbersAreThoseOfTheProtocol) {
  EXPECT_EQ(to_string(static_cast<Command>(0x03)), "COM_QUERY");
  EXPECT_EQ(to_string(static_cast<Command>(0x16)), "COM_STMT_PREPARE");
  EXPECT_EQ(to_string(static_cast<Command>(0x1c)), "COM_STMT_FETCH");
  EXPECT_EQ(to_string(static_cast<Command>(0x1f)), "COM_RESET_CONNECTION");
  EXPECT_EQ(to_string(static_cast<Command>(0xfa)), "COM_STMT_BULK_EXECUTE");
}

TEST(Command, AByteOutsideTheListIsUnknown) {
  EXPECT_EQ(to_string(static_cast<Command>(0x77)), "COM_UNKNOWN");
  EXPECT_FALSE(has_no_reply(static_cast<Command>(0x77)));
}

TEST(Command, ThreeCommandsHaveNoReply) {
  int silent = 0;
  for (int byte = 0; byte < 256; ++byte) silent += has_no_reply(static_cast<Command>(byte)) ? 1 : 0;
  EXPECT_EQ(silent, 3);
  EXPECT_TRUE(has_no_reply(Command::kStmtClose));
}

}  // namespace
}  // namespace hf::proto::mysql
