#include "app/order_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/stat.h>

namespace hf::app {
namespace {

using policy::vrrp::OperatorCommand;
using Orders = OrderFile::Orders;

class OrderFileTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-orders-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return OrderFile::path_in(folder_); }
  void put(const std::string& text) const { std::ofstream(path()) << text; }
  std::string read_error() const {
    const Result<Orders> read = OrderFile::read(path());
    return read.ok() ? "" : read.error().context.substr(path().size());
  }

  std::string folder_;
};

const Orders kSome{{"db", OperatorCommand::kRelease}, {"a name", OperatorCommand::kPrefer}};

TEST_F(OrderFileTest, WhatIsKeptIsReadAgainAndTheLatestCounts) {
  {
    OrderFile file(path());
    file.keep({{"other", OperatorCommand::kPrefer}});
    file.keep(kSome);
  }
  const Result<Orders> read = OrderFile::read(path());
  ASSERT_TRUE(read.ok()) << read.error().context;
  EXPECT_EQ(*read, kSome);
  EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
  { OrderFile(path()).keep({}); }
  EXPECT_FALSE(std::filesystem::exists(path())) << "no orders, no file";
  EXPECT_EQ(*OrderFile::read(path()), Orders{});
}

TEST_F(OrderFileTest, WhatIsNoOrderIsRefusedWithItsLine) {
  put("release db\nresume web\n");
  EXPECT_EQ(read_error(), ": line 2 is no order");
  put("release \n");
  EXPECT_EQ(read_error(), ": line 1 is no order");
  put(std::string(OrderFile::kLargest + 1, 'x'));
  EXPECT_EQ(read_error(), ": it is too large");
  put("prefer db");  // an end of line is no must
  EXPECT_EQ(*OrderFile::read(path()), (Orders{{"db", OperatorCommand::kPrefer}}));
}

TEST_F(OrderFileTest, NeitherAPipeNorALinkIsFollowed) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_EQ(read_error(), ": it is no regular file");
  std::filesystem::remove(path());
  std::filesystem::create_symlink("/etc/passwd", path());
  EXPECT_NE(read_error(), "");
}

TEST_F(OrderFileTest, AnErrorIsTakenOnceAndTheNextOrdersAreTriedAtOnce) {
  std::filesystem::create_directory(path() + ".new");
  OrderFile file(path());
  file.keep(kSome);
  std::string error;
  while (error.empty()) error = file.take_error();
  EXPECT_NE(error.find("open"), std::string::npos) << error;
  EXPECT_EQ(file.take_error(), "");
  std::filesystem::remove(path() + ".new");
  file.keep({{"db", OperatorCommand::kPrefer}});
  while (!std::filesystem::exists(path())) std::this_thread::yield();
}

}  // namespace
}  // namespace hf::app
