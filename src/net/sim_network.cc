#include "net/sim_network.h"

#include <algorithm>
#include <cerrno>

namespace hf::net {

std::pair<std::unique_ptr<SimStream>, std::unique_ptr<SimStream>> SimNetwork::connect_pair(const SimLink& link) {
  auto a = std::make_unique<SimStream>(*this, link);
  auto b = std::make_unique<SimStream>(*this, link);
  a->in_ = b->out_ = std::make_shared<SimStream::Inbox>();
  b->in_ = a->out_ = std::make_shared<SimStream::Inbox>();
  a->in_->reader = a->out_->writer = a.get();
  b->in_->reader = b->out_->writer = b.get();
  return {std::move(a), std::move(b)};
}

void SimStream::deliver(const std::shared_ptr<Inbox>& inbox, std::string piece) {
  inbox->in_flight -= piece.size();
  if (inbox->reader == nullptr) return;
  inbox->bytes.insert(inbox->bytes.end(), piece.begin(), piece.end());
  inbox->reader->on_ready(runtime::kReadable);
}

IoResult SimStream::try_write(ByteView bytes) {
  if (out_->broken || out_->reader == nullptr) return {IoResult::Kind::kBroken, 0, EPIPE};
  const std::size_t used = out_->bytes.size() + out_->in_flight;
  const std::size_t n = used >= link_.window ? 0 : std::min(bytes.size(), link_.window - used);
  if (n == 0) return {IoResult::Kind::kWouldBlock, 0, 0};
  out_->in_flight += n;
  if (cut_) return {IoResult::Kind::kDone, n, 0};
  const TimePoint arrival = network_.loop().now() + link_.latency;
  for (std::size_t at = 0; at < n; at += link_.largest_piece) {
    std::string piece(bytes.substr(at, std::min(link_.largest_piece, n - at)));
    network_.poller().schedule(arrival, [inbox = out_, piece = std::move(piece)] { deliver(inbox, piece); });
  }
  return {IoResult::Kind::kDone, n, 0};
}

IoResult SimStream::try_read(std::span<char> into) {
  if (in_->broken) return {IoResult::Kind::kBroken, 0, ECONNRESET};
  if (in_->bytes.empty()) return {in_->ended ? IoResult::Kind::kEndOfStream : IoResult::Kind::kWouldBlock, 0, 0};
  const std::size_t n = std::min(into.size(), in_->bytes.size());
  std::copy_n(in_->bytes.begin(), n, into.begin());
  in_->bytes.erase(in_->bytes.begin(), in_->bytes.begin() + static_cast<std::ptrdiff_t>(n));
  if (in_->writer != nullptr) {
    network_.poller().schedule(network_.loop().now() + link_.latency, [inbox = in_] {
      if (inbox->writer != nullptr) inbox->writer->on_ready(runtime::kWritable);
    });
  }
  return {IoResult::Kind::kDone, n, 0};
}

void SimStream::shut_write_now() {
  if (cut_) return;
  network_.poller().schedule(network_.loop().now() + link_.latency, [inbox = out_] {
    inbox->ended = true;
    if (inbox->reader != nullptr) inbox->reader->on_ready(runtime::kReadable | runtime::kPeerClosed);
  });
}

void SimStream::close_now() {
  shut_write_now();
  in_->reader = nullptr;
  out_->writer = nullptr;
}

void SimStream::cut() { cut_ = true; }

void SimStream::reset() {
  for (const std::shared_ptr<Inbox>& inbox : {in_, out_}) {
    network_.poller().schedule(network_.loop().now(), [inbox] {
      inbox->broken = true;
      if (inbox->reader != nullptr) inbox->reader->on_ready(runtime::kReadable | runtime::kPeerClosed);
    });
  }
}

}  // namespace hf::net
