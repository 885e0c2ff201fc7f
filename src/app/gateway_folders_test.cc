#include "app/gateway_folders.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace hf::app {
namespace {

namespace fs = std::filesystem;

/// A place of root's (or of ours) that everybody may walk through.
class GatewayFolders : public ::testing::Test {
 protected:
  GatewayFolders() {
    std::string pattern = "/tmp/hf_folders_XXXXXX";
    base_ = ::mkdtemp(pattern.data());
    fs::permissions(base_, fs::perms(0755));
  }
  ~GatewayFolders() override { fs::remove_all(base_); }

  static UserIds user() {
    if (::geteuid() == 0) return find_user("nobody").value();
    return {"self", ::getuid(), ::getgid(), {}, "/"};
  }
  static struct stat seen(const std::string& path) {
    struct stat info{};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info;
  }
  Result<void> prepare(const std::string& path, mode_t mode = 0750) const {
    return prepare_folder({path, "node.state_dir", mode}, user());
  }

  std::string base_;
};

TEST_F(GatewayFolders, AreThoseOfTheSocketsTheStateAndTheLogEachOnce) {
  config::Config config;
  config.node.state_dir = "/var/lib/holdfast";
  config.admin.socket.unix_path = "/run/holdfast/admin.sock";
  config.log.file = "/var/log/holdfast/holdfast.log";
  config::Listen listen;
  listen.endpoint.unix_path = "/run/holdfast/orders.sock";
  config.services.emplace_back().listen.push_back(listen);
  const std::vector<Folder> wanted = {{"/run/holdfast", "admin.socket", 0755},
                                      {"/var/lib/holdfast", "node.state_dir", 0750},
                                      {"/var/log/holdfast", "log.file", 0750}};
  EXPECT_EQ(folders_of(config), wanted);
  EXPECT_TRUE(folders_of(config::Config{}).empty());
}

TEST_F(GatewayFolders, AMissingOneIsMadeForTheUserAndThoseAboveItAreNot) {
  const Result<void> made = prepare(base_ + "/a/b/state");
  ASSERT_TRUE(made.ok()) << made.error().context;
  EXPECT_EQ(seen(base_ + "/a/b/state").st_uid, user().uid);
  EXPECT_EQ(seen(base_ + "/a/b/state").st_gid, user().gid);
  EXPECT_EQ(seen(base_ + "/a/b/state").st_mode & 07777U, 0750U);
  EXPECT_EQ(seen(base_ + "/a/b").st_uid, ::geteuid());
  EXPECT_EQ(seen(base_ + "/a/b").st_mode & 07777U, 0755U);
  EXPECT_TRUE(prepare(base_ + "/a/b/state").ok()) << "a second start";
}

TEST_F(GatewayFolders, OneThatIsThereIsLeftAsItIs) {
  fs::create_directory(base_ + "/there");
  fs::permissions(base_ + "/there", fs::perms(0777));
  EXPECT_TRUE(prepare(base_ + "/there").ok());
  EXPECT_EQ(seen(base_ + "/there").st_mode & 07777U, 0777U);
  EXPECT_EQ(seen(base_ + "/there").st_uid, ::geteuid());
}

TEST_F(GatewayFolders, OneThatTheUserCannotWriteIntoIsAnErrorWithARemedy) {
  fs::create_directory(base_ + "/closed");
  fs::permissions(base_ + "/closed", fs::perms(0555));
  const Result<void> refused = prepare(base_ + "/closed");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().context.find("node.state_dir"), std::string::npos) << refused.error().context;
  EXPECT_NE(refused.error().context.find("`chown " + user().name + " " + base_ + "/closed`"), std::string::npos)
      << refused.error().context;
}

TEST_F(GatewayFolders, AFileInTheWayIsAnError) {
  std::ofstream(base_ + "/file") << "x";
  EXPECT_FALSE(prepare(base_ + "/file").ok());
  EXPECT_FALSE(prepare(base_ + "/file/below").ok());
}

TEST_F(GatewayFolders, AWayThroughOurOwnLinkIsFollowedAsVarRunIs) {
  fs::create_directory(base_ + "/run");
  fs::create_symlink("run", base_ + "/link");
  const Result<void> made = prepare(base_ + "/link/holdfast", 0755);
  ASSERT_TRUE(made.ok()) << made.error().context;
  EXPECT_TRUE(S_ISDIR(seen(base_ + "/run/holdfast").st_mode));
}

TEST_F(GatewayFolders, ALinkThatSomeUserMadeIsNotFollowed) {
  if (::geteuid() != 0) return;  // only root can make one for another user
  fs::create_directory(base_ + "/secret");
  fs::create_directory_symlink(base_ + "/secret", base_ + "/trap");
  ASSERT_EQ(::lchown((base_ + "/trap").c_str(), 4711, 4711), 0);
  for (const char* path : {"/trap", "/trap/holdfast"}) {
    const Result<void> refused = prepare(base_ + path);
    ASSERT_FALSE(refused.ok()) << path;
    EXPECT_NE(refused.error().context.find("symbolic link that user 4711 made"), std::string::npos)
        << refused.error().context;
  }
  EXPECT_TRUE(fs::is_empty(base_ + "/secret"));
}

TEST_F(GatewayFolders, LinksInACircleEnd) {
  fs::create_symlink("b", base_ + "/a");
  fs::create_symlink("a", base_ + "/b");
  EXPECT_FALSE(prepare(base_ + "/a").ok());
}

TEST_F(GatewayFolders, AllProblemsAreToldAtOnceTheLogFileAmongThem) {
  fs::create_directory(base_ + "/closed");
  fs::permissions(base_ + "/closed", fs::perms(0555));
  config::Config config;
  config.node.state_dir = base_ + "/closed";
  fs::create_directory(base_ + "/log");
  fs::permissions(base_ + "/log", fs::perms(0777));
  config.log.file = base_ + "/log/holdfast.log";
  std::ofstream(config.log.file) << "written by root before";
  fs::permissions(config.log.file, fs::perms(0444));
  const Result<void> refused = prepare_folders(config, user());
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().context.find("node.state_dir"), std::string::npos) << refused.error().context;
  EXPECT_NE(refused.error().context.find("log.file"), std::string::npos) << refused.error().context;
  fs::remove(config.log.file);
  config.node.state_dir = base_ + "/state";
  EXPECT_TRUE(prepare_folders(config, user()).ok());
}

}  // namespace
}  // namespace hf::app
