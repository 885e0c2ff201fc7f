#include "notify/delivery.h"

#include <memory>
#include <utility>

#include "net/socket_transport.h"
#include "notify/http_post.h"
#include "notify/smtp_dialogue.h"

namespace hf::notify {

using runtime::Task;

namespace {

Task<Result<std::unique_ptr<net::Stream>>> connect_to(runtime::EventLoop* loop, net::Address address,
                                                      Deadline deadline) {
  const net::SocketOptions options;
  Result<std::unique_ptr<net::Stream>> stream = co_await net::connect(*loop, address, options, deadline);
  co_return stream;
}

Error ended(const char* who) {
  return Error{ErrorCode::kClosed, std::string(who) + " closed the connection too early"};
}

}  // namespace

Task<Result<void>> deliver_mail(runtime::EventLoop* loop, net::Address server, Letter letter, Deadline deadline) {
  Result<std::unique_ptr<net::Stream>> stream = co_await connect_to(loop, server, deadline);
  HF_CO_RETURN_IF_ERROR(stream);
  SmtpDialogue dialogue(std::move(letter));
  while (!dialogue.done()) {
    Result<ByteView> bytes = co_await (*stream)->recv(deadline);
    HF_CO_RETURN_IF_ERROR(bytes);
    if (bytes->empty()) co_return ended("the mail server");
    Result<std::string> next = dialogue.receive(*bytes);
    HF_CO_RETURN_IF_ERROR(next);
    (*stream)->write(*next);
  }
  (*stream)->close();
  if (!dialogue.refused().empty()) co_return Error{ErrorCode::kAccessDenied, "not for all: " + dialogue.refused()};
  co_return Result<void>{};
}

Task<Result<void>> deliver_post(runtime::EventLoop* loop, net::Address server, std::string request, Deadline deadline) {
  Result<std::unique_ptr<net::Stream>> stream = co_await connect_to(loop, server, deadline);
  HF_CO_RETURN_IF_ERROR(stream);
  (*stream)->write(request);
  HttpStatusReader reader;
  for (;;) {
    Result<ByteView> bytes = co_await (*stream)->recv(deadline);
    HF_CO_RETURN_IF_ERROR(bytes);
    if (bytes->empty()) co_return ended("the web hook");
    Result<std::optional<int>> status = reader.receive(*bytes);
    HF_CO_RETURN_IF_ERROR(status);
    if (!status->has_value()) continue;
    if (**status < 300) co_return Result<void>{};
    co_return Error{ErrorCode::kRefused, "the web hook answered " + std::to_string(**status)};
  }
}

Task<Result<void>> deliver_line(runtime::EventLoop* loop, net::Address socket, std::string line, Deadline deadline) {
  Result<std::unique_ptr<net::Stream>> stream = co_await connect_to(loop, socket, deadline);
  HF_CO_RETURN_IF_ERROR(stream);
  (*stream)->write(line);
  Result<void> sent = co_await (*stream)->drained(0, deadline);
  co_return sent;
}

}  // namespace hf::notify
