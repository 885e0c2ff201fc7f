#include "config/file/load_context.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace hf::config::file {
namespace {

class SecretFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / "holdfast-secret-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& text, mode_t mode) {
    const std::string path = folder_ + "/secret";
    std::FILE* file = std::fopen(path.c_str(), "w");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
    chmod(path.c_str(), mode);
    return path;
  }

  std::string folder_;
};

TEST_F(SecretFileTest, GivesTheWholeFileAndWhoMayReadIt) {
  const Result<SecretFile> closed = read_secret_file(write("a b\n", 0600));
  ASSERT_TRUE(closed.ok());
  EXPECT_EQ(closed->text, "a b\n");
  EXPECT_FALSE(closed->readable_by_others);
  const Result<SecretFile> open = read_secret_file(write("a", 0644));
  ASSERT_TRUE(open.ok());
  EXPECT_TRUE(open->readable_by_others);
}

TEST_F(SecretFileTest, RefusesWhatIsNoSecretFile) {
  EXPECT_EQ(read_secret_file(folder_ + "/none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_secret_file(folder_).error().context, "it is not a regular file");
  ASSERT_EQ(mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_secret_file(folder_ + "/pipe").error().context, "it is not a regular file")
      << "and does not wait for a writer";
  EXPECT_TRUE(read_secret_file(write(std::string(kLargestSecret, 'x'), 0600)).ok());
  EXPECT_EQ(read_secret_file(write(std::string(kLargestSecret + 1, 'x'), 0600)).error().context,
            "it is larger than 4 KiB");
}

TEST(SystemContextTest, KnowsTheMachine) {
  const LoadContext context = system_context();
  EXPECT_FALSE(context.host_name.empty());
  EXPECT_GE(context.shards, 1U);
  EXPECT_TRUE(context.environment("PATH").has_value());
  EXPECT_FALSE(context.environment("HOLDFAST_NO_SUCH_VARIABLE").has_value());
}

}  // namespace
}  // namespace hf::config::file
