// Oracle: what is accepted is written again with the same bytes.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "guardian/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const hf::ByteView bytes(reinterpret_cast<const char*>(data), size);
  const hf::Result<hf::guardian::Message> message = hf::guardian::decode(bytes);
  if (!message.ok()) {
    HF_CHECK(message.error().code == hf::ErrorCode::kProtocol);
    return 0;
  }
  const hf::Result<std::string> again = hf::guardian::encode(*message);
  HF_CHECK(again.ok() && *again == bytes);
  return 0;
}
