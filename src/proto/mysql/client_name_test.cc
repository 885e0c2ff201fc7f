#include "proto/mysql/client_name.h"

#include <gtest/gtest.h>

namespace hf::proto::mysql {
namespace {

constexpr std::uint16_t kLatin1 = 8;
constexpr std::uint16_t kLatin2 = 9;
constexpr std::uint16_t kUtf8 = 33;
constexpr std::uint16_t kUtf8Mb4 = 45;

TEST(ClientName, Latin1IsTheCp1252OfTheServers) {
  EXPECT_EQ(name_from_client("j\xF6rg", kLatin1), "j\xC3\xB6rg");
  EXPECT_EQ(name_from_client("\x80uro \x81\x9F\xA0\xFF", kLatin1), "\xE2\x82\xACuro \xC2\x81\xC5\xB8\xC2\xA0\xC3\xBF");
  for (const int collation : {5, 15, 31, 47, 48, 49, 94, 1032, 1071}) {
    EXPECT_EQ(name_from_client("\xE4", static_cast<std::uint16_t>(collation)), "\xC3\xA4") << collation;
  }
}

TEST(ClientName, Utf8StaysAndWhatIsNoneBecomesAQuestionMark) {
  for (const std::uint16_t collation : {kUtf8, kUtf8Mb4}) {
    EXPECT_EQ(name_from_client("j\xC3\xB6rg \xE2\x82\xAC", collation), "j\xC3\xB6rg \xE2\x82\xAC");
    EXPECT_EQ(name_from_client("j\xF6rg", collation), "j?rg");
    EXPECT_EQ(name_from_client("\xC3", collation), "?") << "cut";
    EXPECT_EQ(name_from_client("\xE0\x80\x80", collation), "???") << "longer than it need be";
    EXPECT_EQ(name_from_client("\xF0\x9F\x98\x80", collation), "?") << "system names have three bytes at most";
  }
}

TEST(ClientName, IsSaidBackInTheClientsCharacterSet) {
  EXPECT_EQ(name_said_back("j\xF6rg", kLatin1), "j\xF6rg");
  EXPECT_EQ(name_said_back("j\xF6rg", kUtf8Mb4), "j?rg");
  EXPECT_EQ(name_said_back("j\xC3\xB6rg", kUtf8Mb4), "j\xC3\xB6rg");
}

TEST(ClientName, OthersStayAsTheyAre) {
  EXPECT_EQ(name_from_client("j\xF6rg", kLatin2), "j\xF6rg");
  EXPECT_EQ(name_from_client("", kLatin1), "");
  EXPECT_EQ(name_from_client("app", kUtf8), "app");
}

}  // namespace
}  // namespace hf::proto::mysql
