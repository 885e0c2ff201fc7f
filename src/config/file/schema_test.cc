// The mechanism with sections of its own: what one row gives.
#include "config/file/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/file/changes.h"
#include "config/file/load_context_fake.h"
#include "config/file/print.h"
#include "config/file/reader.h"

namespace hf::config::file {
namespace {

using testing::ElementsAre;

enum class Colour : std::uint8_t { kRed, kBlue };
enum class Way : std::uint8_t { kRoad, kRiver };

struct Lamp {
  Colour colour = Colour::kRed;
  std::uint8_t watts = 40;
  friend bool operator==(const Lamp&, const Lamp&) = default;
};

struct Door {
  std::string name;
  Way way = Way::kRoad;
  std::string street;
  std::uint16_t bridge = 0;
  friend bool operator==(const Door&, const Door&) = default;
};

struct Lock {
  std::string word;
  SecretSource word_from = {};
  friend bool operator==(const Lock&, const Lock&) = default;
};

struct House {
  std::string owner;
  Nanos quiet = 8h;
  bool cellar = false;
  Lamp lamp;
  Lock key;
  std::vector<Door> doors;
};

constexpr std::string_view kColours[] = {"red", "blue"};
constexpr std::string_view kBelow[] = {"nothing", "a cellar"};

bool is_large(const House& house) { return house.doors.size() > 1; }

// clang-format off: tables read better in columns
constexpr Key kHouse[] = {
    {.path = "owner", .kind = Kind::kText, .doc = "Who.", .needs_restart = true, .field = at<&House::owner>()},
    {.path = "lamp", .kind = Kind::kTable, .doc = "A lamp.", .implicit = true, .field = at<&House::lamp>()},
    {.path = "quiet", .kind = Kind::kDuration, .doc = "How long.", .fallback = "\"8h\"", .field = only_if<is_large, &House::quiet>()},
    {.path = "below", .kind = Kind::kChoice, .doc = "What is below.", .fallback = "\"nothing\"", .choices = kBelow, .field = chosen<&House::cellar, 1>()},
    {.path = "key", .kind = Kind::kTable, .doc = "A key.", .shape = "(key)", .field = at<&House::key>()},
    {.path = "(key)", .kind = Kind::kTable, .doc = "A key."},
    {.path = "door", .kind = Kind::kTableList, .doc = "A door.", .shorthand = "name", .field = at<&House::doors>()},
    {.path = "garden", .kind = Kind::kLater, .doc = "Flowers."},
};
constexpr Key kParts[] = {
    {.path = "(key).file", .kind = Kind::kSecretFile, .doc = "Where it is.", .group = "word", .field = secret<&Lock::word, &Lock::word_from>()},
    {.path = "(key).env", .kind = Kind::kSecretVariable, .doc = "Where it is.", .group = "word", .field = secret<&Lock::word, &Lock::word_from>()},
    {.path = "door.name", .kind = Kind::kName, .doc = "Its name.", .required = true, .field = at<&Door::name>()},
    {.path = "door.street", .kind = Kind::kText, .doc = "The street.", .group = "way", .field = when<&Door::way, Way::kRoad, &Door::street>()},
    {.path = "door.bridge", .kind = Kind::kCount, .doc = "The bridge.", .min = 1, .max = 99, .group = "way", .field = when<&Door::way, Way::kRiver, &Door::bridge>()},
    {.path = "lamp.colour", .kind = Kind::kChoice, .doc = "Its colour.", .fallback = "\"red\"", .choices = kColours, .field = at<&Lamp::colour>()},
    {.path = "lamp.watts", .kind = Kind::kCount, .doc = "Its power.", .fallback = "40", .min = 1, .max = 200, .per_node = true, .field = at<&Lamp::watts>()},
};
// clang-format on

const Schema& schema() {
  static const Schema whole(&kTypeTag<House>, {kParts, kHouse});
  return whole;
}

House read(std::string_view text) {
  FakeMachine machine;
  const LoadContext context = machine.context();
  const auto document = parse_document(text);
  House house;
  const ReadResult result =
      read_into(house, schema(), *std::get_if<Value>(&document), {context, "gw-a", "/etc/holdfast"});
  for (const PlacedComplaint& error : result.errors) {
    ADD_FAILURE() << error.complaint.what << ", " << error.complaint.why;
  }
  return house;
}

TEST(SchemaTest, WhatIsBelowATableFollowsItInTheOrderOfTheRows) {
  std::vector<std::string_view> paths;
  for (const Key& key : schema()) paths.push_back(key.path);
  EXPECT_THAT(paths,
              ElementsAre("owner", "lamp", "lamp.colour", "lamp.watts", "quiet", "below", "key", "(key)", "(key).file",
                          "(key).env", "door", "door.name", "door.street", "door.bridge", "garden"));
}

TEST(SchemaTest, ChildrenAreValuesFirstAndThenWhatHasAHeader) {
  const auto leaves = [](const std::vector<const Key*>& keys) {
    std::vector<std::string_view> all;
    for (const Key* key : keys) all.push_back(key->leaf());
    return all;
  };
  EXPECT_THAT(leaves(schema().rows_of(nullptr)),
              ElementsAre("owner", "lamp", "quiet", "below", "key", "door", "garden"));
  EXPECT_THAT(leaves(schema().children_of(nullptr)),
              ElementsAre("owner", "quiet", "below", "key", "door", "lamp", "garden"));
  EXPECT_THAT(leaves(schema().children_of(schema().find("key"))), ElementsAre("file", "env"));
  EXPECT_EQ(schema().find("cellar"), nullptr);
}

TEST(SchemaTest, ARowIsReadIntoItsMemberAndPrintedFromIt) {
  const std::string text = R"(owner = "me"
quiet = "90m"
below = "a cellar"
key = { file = "/etc/holdfast/app.password" }
door = ["front", { name = "back", street = "Mill \"Lane\"" }, { name = "water", bridge = 7 }]

[lamp]
watts = 60
)";
  const House house = read(text);
  EXPECT_EQ(house.owner, "me");
  EXPECT_EQ(house.quiet, 90min);
  EXPECT_TRUE(house.cellar);
  EXPECT_EQ(house.key.word, "tiger");
  EXPECT_EQ(house.lamp, (Lamp{Colour::kRed, 60}));
  EXPECT_THAT(house.doors, ElementsAre(Door{"front", Way::kRoad, "", 0}, Door{"back", Way::kRoad, "Mill \"Lane\"", 0},
                                       Door{"water", Way::kRiver, "", 7}));
  EXPECT_EQ(print(schema(), house), text);
  EXPECT_EQ(print(schema(), read(text)), text);
}

TEST(SchemaTest, DefaultsAndWhatIsNotThereAreNotPrinted) {
  EXPECT_EQ(print(schema(), House{}), "");
  House house;
  house.quiet = 1h;
  EXPECT_EQ(print(schema(), house), "") << "it is a small one";
}

TEST(SchemaTest, AValueOfAnotherNodeIsKeptNowhere) {
  EXPECT_EQ(read("lamp = { watts = { gw-b = 100, gw-a = 60 } }").lamp.watts, 60);
}

TEST(SchemaTest, ChangesAreNamedByTheirKeys) {
  const House before = read("owner = \"me\"\ndoor = [\"front\"]");
  House after = before;
  after.owner = "you";
  after.cellar = true;
  after.lamp = {Colour::kBlue, 60};
  after.key.word = "lion";
  after.doors[0].street = "Mill Lane";
  EXPECT_THAT(changed_keys(schema(), {nullptr, &before, &after}),
              ElementsAre("lamp.colour", "lamp.watts", "below", "key", "door"));
  EXPECT_THAT(changes_for_restart(schema(), {nullptr, &before, &after}), ElementsAre("owner changed from me to you"));
  House elsewhere = before;
  elsewhere.key.word_from.file = "/another/place";
  EXPECT_THAT(changed_keys(schema(), {nullptr, &before, &elsewhere}), ElementsAre());
}

TEST(SchemaDeathTest, ARowBelongsToTheTypeThatItsTableFills) {
  static constexpr Key kWrong[] = {
      {.path = "lamp", .kind = Kind::kTable, .doc = "A lamp.", .field = at<&House::lamp>()},
      {.path = "lamp.name", .kind = Kind::kText, .doc = "Not a lamp's.", .field = at<&Door::name>()}};
  EXPECT_DEATH(Schema(&kTypeTag<House>, {kWrong}), "owner");
}

}  // namespace
}  // namespace hf::config::file
