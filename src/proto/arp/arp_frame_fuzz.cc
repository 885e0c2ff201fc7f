// Oracle: what is accepted can be written again and decodes to the same value; who claims an address is in the frame.
#include <cstdint>

#include "base/assert.h"
#include "proto/arp/arp_frame.h"
#include "proto/arp/neighbour_advertisement.h"
#include "proto/arp/neighbour_solicitation.h"
#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/ip_header.h"

namespace {

using namespace hf::proto::arp;  // NOLINT(google-build-using-namespace)
using hf::ByteView;
using hf::IpAddress;

void check_arp(ByteView bytes) {
  const auto frame = decode_arp(bytes);
  if (!frame.ok()) return;
  const auto again = encode_arp(*frame);
  HF_CHECK(again.ok() && *decode_arp(*again) == *frame);
  HF_CHECK(bytes.substr(0, again->size()) == *again);
  const auto holder = claimant(*frame, frame->sender_ip, kBroadcastMac);
  HF_CHECK(frame->sender_mac == kBroadcastMac || (holder && holder->mac == frame->sender_mac));
}

void check_neighbour(ByteView bytes) {
  const auto advertisement = decode_neighbour(bytes);
  if (!advertisement.ok()) return;
  const auto again = encode_neighbour(*advertisement);
  HF_CHECK(again.ok() && *decode_neighbour(*again) == *advertisement);
}

void check_solicitation(ByteView bytes) {
  const auto question = decode_solicitation(bytes);
  if (!question.ok()) return;
  const auto again = encode_solicitation(*question);
  HF_CHECK(again.ok() && *decode_solicitation(*again) == *question);
}

/// The bytes as an ICMPv6 message behind right headers and with a right checksum.
void check_mended(ByteView bytes, std::uint8_t type) {
  std::string message(bytes);
  if (message.size() < 24 || message.size() > 1500) return;
  message[0] = static_cast<char>(type);
  message[1] = 0;
  const IpAddress source = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 1});
  hf::proto::vrrp::store_be16(message, 2, 0);
  hf::proto::vrrp::InternetChecksum sum;
  sum.add_pseudo_header(source, kAllNodesV6, 58, message.size()).add(message);
  hf::proto::vrrp::store_be16(message, 2, sum.result());
  const auto packet =
      hf::proto::vrrp::encode_ip({.source = source, .destination = kAllNodesV6, .protocol = 58, .ttl = 255}, message);
  const std::string frame = encode_ethernet({kAllNodesMac, kZeroMac, kEtherTypeIpv6, *packet});
  check_neighbour(frame);
  check_solicitation(frame);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  check_arp(bytes);
  check_neighbour(bytes);
  check_solicitation(bytes);
  check_mended(bytes, 135);
  check_mended(bytes, 136);
  return 0;
}
