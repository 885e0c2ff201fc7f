#include "service/mysql/account_tally.h"

#include <gtest/gtest.h>

namespace hf::service::mysql {
namespace {

TEST(AccountTally, ShowsWhatWasPublishedLast) {
  AccountTally tally;
  EXPECT_TRUE(tally.read().empty());
  AccountConnections first{{"app@%", 3}};
  EXPECT_TRUE(tally.publish(first));
  AccountConnections second{{"report@10.%", 1}};
  EXPECT_TRUE(tally.publish(second));
  EXPECT_EQ(tally.read(), (AccountConnections{{"report@10.%", 1}}));
}

}  // namespace
}  // namespace hf::service::mysql
