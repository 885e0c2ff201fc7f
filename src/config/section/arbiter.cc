#include "config/section/arbiter.h"

#include <fmt/format.h>

#include "config/file/findings.h"
#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::by;
using file::Key;
using file::Kind;
using file::ParsedValue;

/// A kind of arbiter and where it is: an address, with a port in the kinds that have one.
template <ArbiterKind kKind>
struct To {
  using Owner = Arbiter;
  static void store(Arbiter& arbiter, const ParsedValue& value) {
    arbiter.kind = kKind;
    arbiter.address = value.ips.at(0);
    arbiter.port = value.endpoint.port;
  }
  static std::optional<ParsedValue> read(const Arbiter& arbiter) {
    if (arbiter.kind != kKind) return std::nullopt;
    return ParsedValue{.endpoint = {arbiter.address.to_string(), arbiter.port, {}}, .ips = {arbiter.address}};
  }
};

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "vip.arbiters.arp", .kind = Kind::kIp, .doc = "A neighbour on the VIP's interface that answers ARP; IPv4 only.", .required = true, .group = "arbiter", .per_node = true,
     .field = by<To<ArbiterKind::kArp>>()},
    {.path = "vip.arbiters.icmp", .kind = Kind::kIp, .doc = "A host that answers pings.", .required = true, .group = "arbiter", .per_node = true,
     .field = by<To<ArbiterKind::kIcmp>>()},
    {.path = "vip.arbiters.tcp", .kind = Kind::kNumericAddress, .doc = "A TCP port; its host must answer, be it by refusing the connection.", .required = true, .group = "arbiter", .per_node = true,
     .field = by<To<ArbiterKind::kTcp>>()},
    {.path = "vip.arbiters.udp", .kind = Kind::kNumericAddress, .doc = "A UDP port that answers any datagram; a closed port is no answer.", .required = true, .group = "arbiter", .per_node = true,
     .field = by<To<ArbiterKind::kUdp>>()},
};
// clang-format on

}  // namespace

std::span<const Key> keys_of_arbiter() { return kKeys; }

void check_arbiters(const std::vector<Arbiter>& arbiters, std::uint32_t needed, const std::string& place,
                    file::ReadResult& result) {
  file::Findings found(result);
  for (std::size_t i = 0; i < arbiters.size(); ++i) {
    const Arbiter& arbiter = arbiters[i];
    const std::string where = fmt::format("{}.arbiters[{}]", place, i);
    if (arbiter.kind == ArbiterKind::kArp && !arbiter.address.is_v4() && found.good(where + ".arp")) {
      found.error(found.at(where + ".arp"), fmt::format("arp = \"{}\"", arbiter.address.to_string()),
                  "ARP is of IPv4 only", "use icmp");
    }
    if (arbiter.address.is_multicast()) {
      found.error(found.at(where), fmt::format("an arbiter is \"{}\"", arbiter.address.to_string()),
                  "it is a multicast address", "write the address of one host");
    }
  }
  const std::string key = place + ".arbiters_needed";
  if (!found.good(key)) return;
  if (arbiters.empty()) {
    found.error(found.at(key), "arbiters_needed without arbiters", "there is nobody to reach",
                "add arbiters or remove it");
  } else if (needed > arbiters.size()) {
    found.error(found.at(key), fmt::format("arbiters_needed = {}", needed),
                fmt::format("with {} in arbiters no node could ever take the addresses", arbiters.size()),
                fmt::format("write at most {}", arbiters.size()));
  }
}

}  // namespace hf::config::section
