// Oracle: however the bytes are cut, the steps' packets join to the same bytes, the same packets are reported, and the
// final state is the same; what was forwarded is a prefix of what came.
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "base/random.h"
#include "proto/mysql/reply_tracker.h"
#include "proto/mysql/test_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hf::proto::mysql;  // NOLINT(google-build-using-namespace)
  if (size < 2) return 0;
  const hf::ByteView input(reinterpret_cast<const char*>(data), size);
  const Command command = static_cast<Command>(data[0]);
  Capabilities caps = (data[1] & 1) != 0 ? kClientProtocol41 : 0;
  if ((data[1] & 2) != 0) caps |= kClientDeprecateEof;
  if ((data[1] & 4) != 0) caps |= kClientSessionTrack;
  if ((data[1] & 8) != 0) caps |= kMariaDbCacheMetadata;
  if ((data[1] & 16) != 0) caps |= kMariaDbProgress;

  // Sequence ids are counted up for the fuzzer, unless it wants its own: else it would never get past the second
  // packet.
  std::string bytes(input.substr(2));
  if ((data[1] & 32) == 0) {
    std::uint8_t sequence = 1;
    for (std::size_t at = 0; at + kPacketHeader <= bytes.size();
         at += kPacketHeader + load_packet_header(hf::ByteView(bytes).substr(at)).length) {
      bytes[at + 3] = static_cast<char>(sequence++);
    }
  }
  hf::Random random(size);
  ReplyTracker tracker;
  tracker.start(command, caps);
  const testing::Outcome whole = testing::follow(tracker, bytes, random, 1U << 30);
  HF_CHECK(bytes.starts_with(whole.forwarded));
  if (whole.done) HF_CHECK(whole.forwarded.size() == whole.consumed);
  for (const std::size_t most : {std::size_t{1}, std::size_t{9}}) {
    tracker.start(command, caps);
    testing::Outcome cut = testing::follow(tracker, bytes, random, most);
    if (!whole.done) cut.consumed = whole.consumed;  // a broken packet may have been stashed in part
    HF_CHECK(cut == whole);
  }
  return 0;
}
