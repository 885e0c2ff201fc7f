#include "net/sim_network.h"

#include <algorithm>
#include <cerrno>

namespace hf::net {

std::pair<SimNetwork::End, SimNetwork::End> SimNetwork::connect_pair(const SimLink& link) {
  auto to_a = std::make_shared<SimTransport::Inbox>();
  auto to_b = std::make_shared<SimTransport::Inbox>();
  const auto end = [&](std::shared_ptr<SimTransport::Inbox> in, std::shared_ptr<SimTransport::Inbox> out) {
    auto transport = std::make_unique<SimTransport>(*this, link);
    SimTransport* its = transport.get();
    auto stream = std::make_unique<Stream>(loop_, std::move(transport));
    in->reader = out->writer = stream.get();
    its->in_ = std::move(in);
    its->out_ = std::move(out);
    return End{std::move(stream), its};
  };
  End a = end(to_a, to_b);
  End b = end(to_b, to_a);
  return {std::move(a), std::move(b)};
}

void SimTransport::deliver(const std::shared_ptr<Inbox>& inbox, std::string piece) {
  inbox->in_flight -= piece.size();
  if (inbox->reader == nullptr) return;
  inbox->bytes.insert(inbox->bytes.end(), piece.begin(), piece.end());
  inbox->reader->on_ready(runtime::kReadable);
}

IoResult SimTransport::try_write(ByteView bytes) {
  if (out_->broken || out_->reader == nullptr) return IoResult::broken(EPIPE);
  const std::size_t used = out_->bytes.size() + out_->in_flight;
  const std::size_t n = used >= link_.window ? 0 : std::min(bytes.size(), link_.window - used);
  if (n == 0) return IoResult::would_block();
  out_->in_flight += n;
  if (cut_) return IoResult::done(n);
  const TimePoint arrival = network_.loop().now() + link_.latency;
  for (std::size_t at = 0; at < n; at += link_.largest_piece) {
    std::string piece(bytes.substr(at, std::min(link_.largest_piece, n - at)));
    network_.poller().schedule(arrival, [inbox = out_, piece = std::move(piece)] { deliver(inbox, piece); });
  }
  return IoResult::done(n);
}

IoResult SimTransport::try_read(std::span<char> into) {
  if (in_->broken) return IoResult::broken(ECONNRESET);
  if (in_->bytes.empty()) return in_->ended ? IoResult::end_of_stream() : IoResult::would_block();
  const std::size_t n = std::min(into.size(), in_->bytes.size());
  std::copy_n(in_->bytes.begin(), n, into.begin());
  in_->bytes.erase(in_->bytes.begin(), in_->bytes.begin() + static_cast<std::ptrdiff_t>(n));
  if (in_->writer != nullptr) {
    network_.poller().schedule(network_.loop().now() + link_.latency, [inbox = in_] {
      if (inbox->writer != nullptr) inbox->writer->on_ready(runtime::kWritable);
    });
  }
  return IoResult::done(n, n == into.size());
}

void SimTransport::shut_write() {
  if (cut_) return;
  network_.poller().schedule(network_.loop().now() + link_.latency, [inbox = out_] {
    inbox->ended = true;
    if (inbox->reader != nullptr) inbox->reader->on_ready(runtime::kReadable | runtime::kPeerClosed);
  });
}

void SimTransport::close(runtime::Poller& /*poller*/, runtime::IoHandler& /*handler*/) {
  shut_write();
  in_->reader = nullptr;
  out_->writer = nullptr;
}

void SimTransport::cut() { cut_ = true; }

void SimTransport::reset() {
  for (const std::shared_ptr<Inbox>& inbox : {in_, out_}) {
    network_.poller().schedule(network_.loop().now(), [inbox] {
      inbox->broken = true;
      if (inbox->reader != nullptr) inbox->reader->on_ready(runtime::kReadable | runtime::kPeerClosed);
    });
  }
}

}  // namespace hf::net
