#include "config/describe.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/file/load_context_fake.h"
#include "config/parse.h"
#include "config/schema.h"

namespace hf::config {
namespace {

using file::FakeMachine;
using file::Key;
using file::Kind;

TEST(DescribeTest, TheReferenceInTheTreeIsUpToDate) {
  std::ifstream file(HF_SOURCE_DIR "/docs/config.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str() == render_reference()) << "run: holdfast check --print-reference > docs/config.md";
}

TEST(DescribeTest, TheExampleLoadsWithoutAWord) {
  FakeMachine machine;
  const LoadResult result = load_text(example_file(), "/etc/holdfast/holdfast.toml", machine.context());
  EXPECT_EQ(to_string(result), "");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.config->node.shards, 4U);
  EXPECT_EQ(result.config->services.size(), 2U);
  EXPECT_EQ(result.config->services[0].mysql.users[1].password, "lion");
}

TEST(DescribeTest, EveryKeyIsInTheReference) {
  const std::string reference = render_reference();
  for (const Key& key : schema()) {
    if (key.kind == Kind::kRefused || key.is_table()) continue;
    const std::string name =
        key.kind == Kind::kLater ? "- `" + std::string(key.path) + "`" : "| `" + std::string(key.leaf()) + "` |";
    EXPECT_NE(reference.find(name), std::string::npos) << key.path;
  }
}

}  // namespace
}  // namespace hf::config
