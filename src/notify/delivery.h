// Delivery: one attempt to tell one receiver over the network: mail, web hook, Unix socket.
//
// Owner: the Notifier's scope. Thread: the control thread's.
// Invariants:
//   1. Ends by its deadline, whatever the peer does; never blocks the thread.
//   2. kAccessDenied is the peer's final no: asking again is no use. All other errors may pass.
#pragma once

#include <string>

#include "base/result.h"
#include "net/address.h"
#include "notify/mail.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"

namespace hf::notify {

runtime::Task<Result<void>> deliver_mail(runtime::EventLoop* loop, net::Address server, Letter letter,
                                         Deadline deadline);
/// `request`: as http_post's render gives it.
runtime::Task<Result<void>> deliver_post(runtime::EventLoop* loop, net::Address server, std::string request,
                                         Deadline deadline);
/// Connects, writes the line, ends.
runtime::Task<Result<void>> deliver_line(runtime::EventLoop* loop, net::Address socket, std::string line,
                                         Deadline deadline);

}  // namespace hf::notify
