#include "base/sqlstate.h"

#include <gtest/gtest.h>

namespace hf {
namespace {

TEST(Sqlstate, IsTheServersOfItsCodesAndTheUsualOneOfSignals) {
  const struct {
    std::uint16_t code;
    ByteView state;
  } cases[] = {{1146, "42S02"}, {1062, "23000"}, {1064, "42000"}, {1366, "22007"}, {1265, "01000"},
               {1329, "02000"}, {1022, "23000"}, {4192, "70100"}, {1040, "08004"}, {1193, "HY000"},
               {1, "HY000"},    {1644, "45000"}, {30001, "45000"}};
  for (const auto& each : cases) EXPECT_EQ(sqlstate_of(each.code), each.state) << each.code;
}

}  // namespace
}  // namespace hf
