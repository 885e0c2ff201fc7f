// TcpCheck: whether something accepts connections at an address.
#pragma once

#include "check/checker.h"
#include "net/address.h"
#include "runtime/event_loop.h"

namespace hf::check {

class TcpCheck final : public Checker {
 public:
  TcpCheck(runtime::EventLoop& loop, const net::Address& address) : loop_(loop), address_(address) {}

  /// Errors: those of net::connect.
  runtime::Task<Result<void>> look(Deadline deadline) override;

 private:
  runtime::EventLoop& loop_;
  net::Address address_;
};

}  // namespace hf::check
