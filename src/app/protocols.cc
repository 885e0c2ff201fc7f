#include "app/protocols.h"

#include "base/assert.h"
#include "service/mysql/frontend.h"
#include "service/tcp/frontend.h"

namespace hf::app {

const Protocol& protocol_of(const config::Service& service) {
  static constexpr Protocol kTcp{"tcp", service::tcp::kDescriptorsPerClient, &service::tcp::make_frontends};
  static constexpr Protocol kMysql{"mysql", service::mysql::kDescriptorsPerClient, &service::mysql::make_frontends};
  switch (service.protocol) {
    case config::Protocol::kTcp: return kTcp;
    case config::Protocol::kMysql: return kMysql;
  }
  HF_CHECK(false);
}

}  // namespace hf::app
