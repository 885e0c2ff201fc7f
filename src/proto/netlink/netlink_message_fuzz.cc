// Oracle: every view that is handed out lies inside the datagram; an address that we could have asked for ourselves
// is read as it was written.
#include <cstdint>

#include "base/assert.h"
#include "proto/netlink/address.h"
#include "proto/netlink/link.h"

namespace {

using namespace hf::proto::netlink;  // NOLINT(google-build-using-namespace)
using hf::ByteView;

void check_inside(ByteView whole, ByteView part) {
  if (part.empty()) return;
  HF_CHECK(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_address(const Message& message) {
  const auto address = decode_address(message);
  if (!address.ok()) return;
  const auto request = add_address(*address, IfPresent::kReplace, 1);
  if (!request.ok()) return;
  const auto again = split(*request);
  HF_CHECK(again.ok() && again->size() == 1 && *decode_address(again->front()) == *address);
}

void check_message(const Message& message) {
  check_address(message);
  if (const auto link = decode_link(message); link.ok()) HF_CHECK(link->index != 0 && link->name.size() <= 15);
  if (const auto answer = decode_acknowledgement(message); answer.ok()) {
    HF_CHECK(answer->error_number >= 0 && answer->error_number <= 4095 && answer->reason.size() <= 200);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  if (const auto messages = split(bytes); messages.ok()) {
    for (const Message& message : *messages) {
      check_inside(bytes, message.body);
      check_message(message);
    }
  }
  Attributes attributes(bytes);
  while (const auto attribute = attributes.next()) check_inside(bytes, attribute->value);
  for (const MessageType type : {kNewAddress, kNewLink, kError, kDone}) {
    check_message(Message{.type = type, .flags = kFlagExtendedAck, .body = bytes});
  }
  return 0;
}
