// Oracle: what is accepted can be written again, and decodes to the same value; the reserved bits may differ.
#include <cstdint>

#include "base/assert.h"
#include "proto/vrrp/advertisement.h"
#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/ip_header.h"

namespace {

using namespace hf::proto::vrrp;  // NOLINT(google-build-using-namespace)
using hf::ByteView;
using hf::IpAddress;

void check(const Decoded& decoded) {
  const auto* received = std::get_if<Received>(&decoded);
  if (received == nullptr) {
    HF_CHECK(to_string(std::get<Refused>(decoded).reason) != "unknown");
    return;
  }
  const Route route{received->source, received->destination};
  const auto packet = encode_packet(received->advertisement, route, received->dialect);
  HF_CHECK(packet.ok());
  const Decoded again = decode_packet(*packet);
  HF_CHECK(std::holds_alternative<Received>(again));
  HF_CHECK(std::get<Received>(again).advertisement == received->advertisement);
}

/// The checksum made right, so that the bytes get past it.
void check_mended(ByteView bytes, const Route& route) {
  std::string message(bytes);
  if (message.size() >= 8) {
    store_be16(message, 6, 0);
    InternetChecksum sum;
    if (!route.source.is_v4()) sum.add_pseudo_header(route.source, route.destination, kProtocol, message.size());
    store_be16(message, 6, sum.add(message).result());
  }
  check(decode(message, Arrival{route.source, route.destination, kRequiredTtl}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  check(decode_packet(bytes));
  if (const auto ip = decode_ip(bytes); ip.ok()) {
    const auto packet = encode_ip(ip->header, ip->payload);
    if (packet.ok()) HF_CHECK(decode_ip(*packet)->header == ip->header && decode_ip(*packet)->payload == ip->payload);
  }
  check_mended(bytes, Route{IpAddress::v4(198, 18, 0, 1), kGroupV4});
  check_mended(bytes, Route{IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 1}), kGroupV6});
  return 0;
}
