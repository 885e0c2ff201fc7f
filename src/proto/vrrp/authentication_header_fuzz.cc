// Oracle: what is accepted, or made of the bytes and written, is read the same when it is written again; any bytes
// behind a right IP header crash nothing.
#include <cstdint>

#include "base/assert.h"
#include "proto/vrrp/authentication_header.h"
#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/ip_header.h"

namespace {

using namespace hf::proto::vrrp;  // NOLINT(google-build-using-namespace)
using hf::ByteView;
using hf::IpAddress;

constexpr ByteView kPassword = "key";

void check(ByteView packet) {
  const auto read = decode_authenticated(packet, kPassword, ReceiveRules{.least_ttl = 0});
  const auto* accepted = std::get_if<Authenticated>(&read);
  if (accepted == nullptr) {
    HF_CHECK(to_string(std::get<Refused>(read).reason) != "unknown");
    return;
  }
  Authenticated expected = *accepted;
  expected.received.advertisement.auth = {.type = AuthType::kAuthenticationHeader};
  if (expected.received.advertisement.version != Version::kV2) return;  // the receiver's configuration refuses it
  const Route route{expected.received.source, expected.received.destination};
  const auto again = encode_authenticated(expected.received.advertisement, route, kPassword, expected.sequence);
  HF_CHECK(again.ok());
  HF_CHECK(std::get<Authenticated>(decode_authenticated(*again, kPassword)) == expected);
}

/// The bytes behind a right IP header and the beginning of a right authentication header.
void check_headers(ByteView bytes) {
  IpHeader header{
      .source = IpAddress::v4(198, 18, 0, 1), .destination = kGroupV4, .protocol = kAuthenticationHeaderProtocol};
  std::string payload("\x70\x04\0\0", 4);
  payload.append(header.source.bytes()).append(bytes);
  const auto packet = encode_ip(header, payload);
  if (packet.ok()) check(*packet);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  check_headers(bytes);
  if (size < 4) return 0;
  Advertisement advertisement{.version = Version::kV2,
                              .vrid = static_cast<std::uint8_t>(data[0] | 1),
                              .priority = data[1],
                              .interval = hf::Seconds{data[2] | 1},
                              .auth = {.type = AuthType::kAuthenticationHeader}};
  for (std::size_t i = 0; i < data[3]; ++i) {
    advertisement.addresses.push_back(IpAddress::v4(198, 18, 0, data[i % size]));
  }
  const IpAddress destination = IpAddress::v4(data[0], 18, 0, 2);
  const auto packet = encode_authenticated(advertisement, {IpAddress::v4(198, 18, 0, 1), destination}, kPassword,
                                           static_cast<std::uint32_t>(load_be(bytes, 0, 4)));
  HF_CHECK(packet.ok());
  HF_CHECK(std::get<Authenticated>(decode_authenticated(*packet, kPassword)).received.advertisement == advertisement);
  check(*packet);
  return 0;
}
