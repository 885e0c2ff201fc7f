#include "upstream/service_view.h"

#include <algorithm>

namespace hf::upstream {

Standing ServiceView::standing() const {
  Standing standing;
  for (const ServerView& server : servers) standing.readers += server.present && server.reader ? 1 : 0;
  standing.usable = standing.readers;
  return standing;
}

bool ServiceView::same_as(const ServiceView& other) const {
  const auto same_server = [](const ServerView& a, const ServerView& b) {
    return a.present == b.present && a.reachable == b.reachable && a.reader == b.reader && a.drained == b.drained &&
           a.weight == b.weight;
  };
  return config == other.config && service == other.service &&
         std::equal(servers.begin(), servers.end(), other.servers.begin(), other.servers.end(), same_server);
}

}  // namespace hf::upstream
