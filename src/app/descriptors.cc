#include "app/descriptors.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>
#include <utility>

#include <sys/resource.h>

#include "app/admin_connections.h"
#include "app/protocols.h"

namespace hf::app {

namespace {

// a reload's files, names being resolved, scripts' pipes, sockets to tell somebody
constexpr std::size_t kSpare = 32;
constexpr std::size_t kPerShard = 4;   // epoll, the way to wake it
constexpr std::size_t kPerServer = 2;  // the monitor's connection, one to look by

std::size_t listeners_of(const config::Service& service, std::size_t shards) {
  std::size_t listeners = 0;
  // and a twin each
  for (const config::Listen& listen : service.listen) listeners += listen.endpoint.is_unix() ? 2 : 2 * shards;
  return listeners;
}

}  // namespace

DescriptorPlan plan_descriptors(const config::Config& config, std::size_t limit, std::size_t own) {
  std::size_t fixed = own + kSpare + config.node.shards * kPerShard;
  std::size_t servers = 2 * (AdminConnections::kPlaces + 1);  // the admin interface's two doors
  std::size_t clients = 0;
  for (const config::Service& service : config.services) {
    const Protocol& protocol = protocol_of(service);
    fixed += listeners_of(service, config.node.shards);
    servers += service.servers.size() * (protocol.pooled_per_server(service) + kPerServer);
    clients += std::size_t{service.max_connections} * protocol.descriptors_per_client;
  }
  const std::size_t left = limit > fixed ? limit - fixed : 0;
  const std::size_t kept = std::min(servers, left / 2);
  return {limit, fixed + servers + clients, std::max<std::size_t>(left - kept, 1)};
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::size_t>::max();
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  if (before == limit.rlim_max || ::setrlimit(RLIMIT_NOFILE, &limit) == 0) return limit.rlim_max;
  return before;
}

std::size_t open_descriptors() {
  std::error_code failed;
  const std::filesystem::directory_iterator all("/proc/self/fd", failed);
  if (failed) return 0;
  return static_cast<std::size_t>(std::distance(std::filesystem::begin(all), std::filesystem::end(all)));
}

}  // namespace hf::app
