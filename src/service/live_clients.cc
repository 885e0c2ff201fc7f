#include "service/live_clients.h"

namespace hf::service {

LiveClient::LiveClient(LiveClients& list) : list_(list), next_(list.first_) {
  if (next_ != nullptr) next_->previous_ = this;
  list_.first_ = this;
  ++list_.count_;
}

LiveClient::~LiveClient() {
  (previous_ != nullptr ? previous_->next_ : list_.first_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  --list_.count_;
}

LiveClients::~LiveClients() { HF_CHECK(first_ == nullptr); }

std::size_t LiveClients::cut(const std::string& local_ip, const Error& reason) {
  std::size_t cut = 0;
  for (LiveClient* client = first_; client != nullptr; client = client->next_) {
    if (client->client_stream().broken()) continue;
    const Result<net::Address> local = client->client_stream().local_address();
    if (!local.ok() || local->is_unix() || local->host() != local_ip) continue;
    client->cut(reason);
    ++cut;
  }
  return cut;
}

}  // namespace hf::service
