// The words of other programs: each is answered where its users write it.
#include "config/section/foreign.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "config/schema.h"
#include "config/section/vip_file_fake.h"

namespace hf::config::section {
namespace {

using file::ForeignWord;
using file::Key;

TEST(Foreign, EachWordIsNoKeyOfOursAndWhatStandsForItIsOne) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const ForeignWord& each : foreign_words()) {
    const Key* table = schema().find(each.table);
    EXPECT_TRUE(each.table.empty() || (table != nullptr && table->is_table())) << each.table;
    for (const Key* key : schema().children_of(table)) EXPECT_NE(key->leaf(), each.word) << each.table;
    EXPECT_TRUE(each.key.empty() || schema().find(each.key) != nullptr) << each.word << ": " << each.key;
    EXPECT_FALSE(each.here.empty() || each.program.empty()) << each.word;
    EXPECT_TRUE(seen.emplace(each.table, each.word).second) << each.word;
  }
}

TEST(Foreign, TheComplaintSaysWhatToWrite) {
  EXPECT_EQ(
      complaints(vip("virtual_router_id = 51\nstate = \"MASTER\"\nadvert_int = 1")),
      "hf.toml:6:1: unknown key \"virtual_router_id\", [[vip]] has no such key, keepalived's virtual_router_id is "
      "router_id\n"
      "hf.toml:7:1: unknown key \"state\", [[vip]] has no such key, keepalived's state has no counterpart: the "
      "node of the highest priority becomes master\n"
      "hf.toml:8:1: unknown key \"advert_int\", [[vip]] has no such key, keepalived's advert_int is "
      "advert_interval, with a unit: advert_interval = \"1s\"\n");
  EXPECT_EQ(complaints(vip("", "[frontend]\nbind = \"*:80\"")),
            "hf.toml:7:2: unknown key \"frontend\", the file has no such key, HAProxy's frontend is [[service]] with "
            "listen\n");
}

TEST(Foreign, ASlipOfTheFingerIsStillOne) {
  EXPECT_EQ(complaints(vip("router_idd = 51")),
            "hf.toml:6:1: unknown key \"router_idd\", [[vip]] has no such key, did you mean \"router_id\"?\n");
}

}  // namespace
}  // namespace hf::config::section
