#include "net/transport.h"

namespace hf::net {

Result<Released> Transport::release(runtime::Poller& /*poller*/, runtime::IoHandler& /*handler*/) {
  return Error{ErrorCode::kUnsupported, "this connection cannot be given up"};
}

Result<Address> Transport::local_address() const {
  return Error{ErrorCode::kUnsupported, "this stream has no address"};
}

Result<PeerCredentials> Transport::peer_credentials() const {
  return Error{ErrorCode::kUnsupported, "this stream has no process at its end"};
}

}  // namespace hf::net
