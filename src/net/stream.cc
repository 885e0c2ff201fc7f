#include "net/stream.h"

#include <algorithm>
#include <cerrno>

namespace hf::net {

namespace {
constexpr std::size_t kDirectWrite = 16 * 1024;  // from here on a copy costs more than a system call
constexpr std::uint16_t kReadsPerTurn = 16;      // then others have their turn
}  // namespace

Stream::~Stream() {
  HF_CHECK(reader_ == nullptr && drainer_ == nullptr);
  close();
  loop_.cancel_flush(*this);
  loop_.forget(*this);
}

void Stream::close() {
  if (closed_) return;
  if (!broken() && queued() > 0) flush();
  finish_close();
}

void Stream::finish_close() {
  if (closed_) return;
  closed_ = true;
  transport_->close(loop_.poller(), *this);
  forget_unsent();
}

void Stream::forget_unsent() {
  loop_.cancel_flush(*this);
  if (out_.capacity() > 0) loop_.give_buffer(std::move(out_));
  out_ = std::string();
  out_offset_ = 0;
}

void Stream::upgrade(const Over& over, std::string read_ahead) {
  HF_CHECK(reader_ == nullptr && drainer_ == nullptr && queued() == 0 && !closed_);
  transport_ = over(std::move(transport_), std::move(read_ahead));
  readable_ = true;  // asked anew: there may be something in what was read ahead
}

Result<Released> Stream::release() {
  HF_CHECK(reader_ == nullptr && drainer_ == nullptr);
  if (closed_) return Error{ErrorCode::kClosed, "the stream is closed"};
  Result<Released> released = transport_->release(loop_.poller(), *this);
  if (!released.ok()) return released;
  released->unsent.append(ByteView(out_).substr(out_offset_));
  closed_ = true;
  fail({ErrorCode::kCancelled, "the connection was given up to somebody else"});
  forget_unsent();
  return released;
}

void Stream::fail(Error reason) {
  if (broken_) return;
  broken_ = std::make_unique<const Error>(std::move(reason));
  if (reader_ != nullptr) reader_->finish(*broken_);
  if (drainer_ != nullptr) drainer_->finish(*broken_);
}

void Stream::abort(Error reason) {
  fail(std::move(reason));
  finish_close();
}

void Stream::cut(Error reason) {
  if (!closed_) transport_->drop_unsent();
  abort(std::move(reason));
}

bool Stream::idle() {
  if (broken() || peer_closed_) return false;
  if (!readable_) return true;
  char byte = 0;
  const IoResult read = transport_->try_read(std::span<char>(&byte, 1));
  if (read.kind == IoResult::Kind::kWouldBlock) {
    readable_ = false;
    return true;
  }
  const bool ended = read.kind == IoResult::Kind::kEndOfStream;
  fail({ended ? ErrorCode::kClosed : ErrorCode::kReset,
        ended ? "the peer closed the connection" : "the peer sent what nobody asked for"});
  return false;
}

void Stream::wake_reader() {
  if (reader_ != nullptr) reader_->finish({ErrorCode::kTimeout, "woken"});
}

Stream::ReadStep Stream::read_step(ByteView& out) {
  if (broken_) return ReadStep::kError;
  if (!readable_) return ReadStep::kWait;
  const std::span<char> buffer = loop_.read_buffer();
  const IoResult result = transport_->try_read(buffer);
  switch (result.kind) {
    case IoResult::Kind::kDone:
      if (!result.more && !peer_closed_) readable_ = false;  // else the peer's end of stream stands behind the data
      out = ByteView(buffer.data(), result.bytes);
      return ReadStep::kData;
    case IoResult::Kind::kWouldBlock: readable_ = false; return ReadStep::kWait;
    case IoResult::Kind::kEndOfStream: out = {}; return ReadStep::kEnd;
    case IoResult::Kind::kBroken: break;
  }
  broken_ = std::make_unique<const Error>(system_error(result.error_number, "read"));
  return ReadStep::kError;
}

void Stream::write(ByteView bytes) {
  if (broken_ || closed_ || bytes.empty()) return;
  if (queued() == 0 && bytes.size() >= kDirectWrite && writable_) {
    const IoResult result = transport_->try_write(bytes);
    if (result.kind == IoResult::Kind::kBroken) {
      fail(system_error(result.error_number, "write"));
      return;
    }
    if (result.kind == IoResult::Kind::kWouldBlock) writable_ = false;
    if (result.kind == IoResult::Kind::kDone) {
      if (result.bytes < bytes.size()) writable_ = false;
      bytes.remove_prefix(result.bytes);
    }
    if (bytes.empty()) return;
  }
  if (out_.capacity() == 0 || (out_.empty() && out_.capacity() < 64)) out_ = loop_.take_buffer();
  if (out_offset_ > 0 && out_offset_ >= out_.size() / 2) {
    out_.erase(0, out_offset_);
    out_offset_ = 0;
  }
  out_.append(bytes);
  if (writable_) loop_.schedule_flush(*this);
}

void Stream::flush() {
  if (broken_ || closed_) return;
  while (queued() > 0) {
    const IoResult result = transport_->try_write(ByteView(out_).substr(out_offset_));
    if (result.kind == IoResult::Kind::kBroken) {
      fail(system_error(result.error_number, "write"));
      return;
    }
    if (result.kind == IoResult::Kind::kWouldBlock) {
      writable_ = false;
      break;
    }
    const bool all = result.bytes == queued();
    out_offset_ += result.bytes;
    if (!all) writable_ = false;
    break;
  }
  if (queued() == 0 && out_.capacity() > 0) {
    out_offset_ = 0;
    loop_.give_buffer(std::move(out_));
    out_ = std::string();
  }
  if (queued() == 0 && shut_after_flush_) {
    shut_after_flush_ = false;
    transport_->shut_write();
  }
  if (drainer_ != nullptr && queued() <= drainer_->limit_) drainer_->finish(std::nullopt);
}

void Stream::shut_write() {
  if (broken_ || closed_) return;
  if (queued() == 0) {
    transport_->shut_write();
  } else {
    shut_after_flush_ = true;
  }
}

void Stream::on_ready(std::uint32_t readiness) {
  if ((readiness & runtime::kPeerClosed) != 0) peer_closed_ = true;
  if ((readiness & runtime::kWritable) != 0) {
    writable_ = true;
    if (queued() > 0) flush();
  }
  if ((readiness & runtime::kReadable) != 0) {
    readable_ = true;
    if (reader_ == nullptr && peer_closed_ && watcher_ != nullptr) watcher_->peer_closed();
    if (reader_ != nullptr) reader_->try_now();  // last: the reader may destroy this stream
  }
}

bool Stream::Recv::await_ready() {
  HF_ASSERT(stream_.reader_ == nullptr);
  if (stream_.broken()) {
    step_ = ReadStep::kError;
    error_ = *stream_.broken_;
    return true;
  }
  if (!stream_.readable_) return false;
  const std::uint64_t turn = stream_.loop_.turn_number();
  if (stream_.read_turn_ != turn) {
    stream_.read_turn_ = turn;
    stream_.reads_in_turn_ = 0;
  }
  if (++stream_.reads_in_turn_ > kReadsPerTurn) {
    stream_.loop_.ready_next_turn(stream_, runtime::kReadable);
    return false;
  }
  step_ = stream_.read_step(bytes_);
  if (step_ == ReadStep::kError) error_ = *stream_.broken_;
  return step_ != ReadStep::kWait;
}

void Stream::Recv::start() {
  stream_.reader_ = this;
  if (!deadline_.is_never()) stream_.loop_.arm(*this, deadline_.at);
}

void Stream::Recv::try_now() {
  step_ = stream_.read_step(bytes_);
  if (step_ == ReadStep::kWait) return;
  if (step_ == ReadStep::kError) error_ = *stream_.broken_;
  stream_.reader_ = nullptr;
  disarm();
  resume_now();
}

void Stream::Recv::finish(Error error) {
  stream_.reader_ = nullptr;
  disarm();
  step_ = ReadStep::kError;
  error_ = std::move(error);
  resume_later();
}

void Stream::Recv::cancel() { finish({ErrorCode::kCancelled, "cancelled while reading"}); }
void Stream::Recv::on_timer() { finish({ErrorCode::kTimeout, "nothing was received in time"}); }

Result<ByteView> Stream::Recv::await_resume() {
  if (step_ == ReadStep::kError) return std::move(error_);
  return bytes_;
}

void Stream::Drained::start() {
  HF_ASSERT(stream_.drainer_ == nullptr);
  stream_.drainer_ = this;
  if (!deadline_.is_never()) stream_.loop_.arm(*this, deadline_.at);
  if (stream_.writable_) stream_.loop_.schedule_flush(stream_);
}

void Stream::Drained::finish(std::optional<Error> error) {
  stream_.drainer_ = nullptr;
  disarm();
  error_ = std::move(error);
  resume_later();
}

void Stream::Drained::cancel() { finish(Error{ErrorCode::kCancelled, "cancelled while writing"}); }
void Stream::Drained::on_timer() { finish(Error{ErrorCode::kTimeout, "the peer did not take our bytes in time"}); }

Result<void> Stream::Drained::await_resume() {
  if (error_) return std::move(*error_);
  if (stream_.broken_) return *stream_.broken_;
  return {};
}

}  // namespace hf::net
