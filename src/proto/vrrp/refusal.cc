// The words for every reason to drop a message: one table, so that metric, log and help cannot differ.
#include "proto/vrrp/advertisement.h"

namespace hf::proto::vrrp {
namespace {

struct Words {
  std::string_view name;
  std::string_view sentence;
};

Words words(Refusal refusal) {
  switch (refusal) {
    case Refusal::kIpHeader:
      return {"ip-header", "not a whole, unfragmented IP packet of protocol 112 (51 for the authentication header)"};
    case Refusal::kTtl: return {"ttl", "TTL or hop limit is below 255, so it may have crossed a router"};
    case Refusal::kVersion: return {"version", "VRRP version is neither 2 nor 3 (version 2 is for IPv4 only)"};
    case Refusal::kType: return {"type", "not an advertisement"};
    case Refusal::kLength: return {"length", "message is too short, too long, or ends inside an address"};
    case Refusal::kCount: return {"count", "the count of addresses does not fit the length of the message"};
    case Refusal::kCarp: return {"carp", "a CARP message, another protocol that shares the number 112"};
    case Refusal::kChecksum:
      return {"checksum", "wrong checksum; for version 3 over IPv4 compare how both sides treat the pseudo header"};
    case Refusal::kVrid: return {"vrid", "virtual router id 0 does not exist"};
    case Refusal::kInterval: return {"interval", "advertisement interval 0"};
    case Refusal::kAuthType: return {"auth-type", "another kind of authentication than configured here"};
    case Refusal::kAuthData: return {"auth-data", "another password than configured here"};
    case Refusal::kAhHeader: return {"ah-header", "an authentication header of something else, or of another sender's"};
    case Refusal::kAhDigest:
      return {"ah-digest", "wrong digest in the authentication header: another password, or changed on the way"};
    case Refusal::kAhSequence:
      return {"ah-sequence",
              "a number that was used before: a packet sent again, or a peer that began anew and has not heard us"};
  }
  return {"unknown", "unknown reason"};
}

}  // namespace

std::string_view to_string(Refusal refusal) { return words(refusal).name; }
std::string_view explain(Refusal refusal) { return words(refusal).sentence; }

}  // namespace hf::proto::vrrp
