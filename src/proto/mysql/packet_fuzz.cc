// Oracle: however the bytes are cut, the same packets come out, and the same error or none.
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "base/random.h"
#include "proto/mysql/packet.h"

namespace {

using hf::ByteView;
using hf::proto::mysql::PacketAssembler;

/// All payloads with a mark after each, then whether it ended in an error.
std::string assemble(ByteView bytes, hf::Random& random, std::size_t most) {
  PacketAssembler assembler(1000);
  std::string all;
  while (!bytes.empty()) {
    const std::string piece(bytes.substr(0, 1 + static_cast<std::size_t>(random.below(most))));
    const auto step = assembler.next(piece);
    if (!step.ok()) return all + "error: " + step.error().context;
    HF_CHECK(step->consumed > 0 && step->consumed <= piece.size());
    if (step->payload) all.append(*step->payload).append("|").append(std::to_string(step->sequence)).append("|");
    bytes.remove_prefix(step->consumed);
  }
  return all + (assembler.in_packet() ? "open" : "closed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  hf::Random random(size);
  const std::string whole = assemble(bytes, random, 1U << 30);
  HF_CHECK(assemble(bytes, random, 1) == whole);
  HF_CHECK(assemble(bytes, random, 20) == whole);
  return 0;
}
