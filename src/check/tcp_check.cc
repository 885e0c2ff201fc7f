#include "check/tcp_check.h"

#include "net/socket_transport.h"

namespace hf::check {

runtime::Task<Result<void>> TcpCheck::look(Deadline deadline) {
  Result<std::unique_ptr<net::Stream>> stream = co_await net::connect(loop_, address_, net::SocketOptions{}, deadline);
  HF_CO_RETURN_IF_ERROR(stream);
  co_return Result<void>{};
}

}  // namespace hf::check
