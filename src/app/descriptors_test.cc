#include "app/descriptors.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hf::app {
namespace {

config::Config with(config::Protocol protocol, std::uint32_t max_connections, std::size_t servers) {
  config::Config config;
  config.node.shards = 2;
  config::Service& service = config.services.emplace_back();
  service.protocol = protocol;
  service.max_connections = max_connections;
  service.mysql.max_server_connections = 100;
  service.listen.resize(3);
  service.servers.resize(servers);
  return config;
}

TEST(DescriptorPlan, CountsClientsServersAndWhatTheProcessNeeds) {
  const DescriptorPlan mysql = plan_descriptors(with(config::Protocol::kMysql, 1000, 3), 20'000, 40);
  EXPECT_GT(mysql.needed, 1000U + 300U + 40U + 6U);
  EXPECT_LT(mysql.needed, 1000U + 300U + 40U + 6U + 300U);
  const DescriptorPlan tcp = plan_descriptors(with(config::Protocol::kTcp, 1000, 3), 20'000, 40);
  EXPECT_GT(tcp.needed, 2000U) << "each TCP client has a connection to a server besides his own";
}

TEST(DescriptorPlan, WhatServersAndTheAdminInterfaceMayNeedIsKeptFromClients) {
  const DescriptorPlan plan = plan_descriptors(with(config::Protocol::kMysql, 1000, 3), 20'000, 40);
  EXPECT_GE(plan.for_clients, 1000U) << "there is enough for all";
  EXPECT_LE(plan.for_clients, 20'000U - 300U - 128U - 40U);
}

TEST(DescriptorPlan, WhereTheLimitIsLowClientsGetHalfOfWhatIsLeft) {
  const DescriptorPlan plan = plan_descriptors(with(config::Protocol::kMysql, 10'000, 3), 120, 30);
  EXPECT_GT(plan.needed, plan.limit);
  const std::size_t fixed = 120 - 2 * plan.for_clients;
  EXPECT_GE(fixed, 30U);
  EXPECT_LE(fixed, 90U);
  EXPECT_GE(plan.for_clients, 15U);
  EXPECT_EQ(plan_descriptors(with(config::Protocol::kMysql, 10'000, 3), 10, 30).for_clients, 1U) << "never none at all";
}

TEST(DescriptorPlan, EveryLimitGivesAPlanThatAddsUp) {
  for (std::size_t limit = 0; limit < 5000; ++limit) {
    const DescriptorPlan plan = plan_descriptors(with(config::Protocol::kMysql, 1000, 3), limit, 30);
    EXPECT_GE(plan.for_clients, 1U);
    EXPECT_LE(plan.for_clients, std::max<std::size_t>(limit, 1));
  }
}

/// In a child: limits are the process's.
TEST(Descriptors, TheSoftLimitIsRaisedToTheHardOne) {
  const pid_t child = ::fork();
  if (child == 0) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 50;
    limit.rlim_max = std::min<rlim_t>(limit.rlim_max, 300);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(1);
    if (raise_descriptor_limit() != limit.rlim_max) ::_exit(2);
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    ::_exit(now.rlim_cur == limit.rlim_max ? 0 : 3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Descriptors, CountsThoseThatAreOpen) {
  const std::size_t before = open_descriptors();
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(open_descriptors(), before + 1);
  ::close(fd);
}

}  // namespace
}  // namespace hf::app
