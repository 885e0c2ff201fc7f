#include "config/section/vip_address.h"

#include <fmt/format.h>

#include "config/file/findings.h"
#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::at;
using file::by;
using file::Key;
using file::Kind;
using file::ParsedValue;

constexpr std::size_t kLongestLabel = 15;  // IFNAMSIZ, without the final zero
constexpr std::string_view kScopes[] = {"global", "site", "link", "host"};

/// "198.18.0.100/24" in its two members.
struct AddressAndPrefix {
  using Owner = VipAddress;
  static void store(VipAddress& address, const ParsedValue& value) {
    address.address = value.ips.at(0);
    address.prefix_length = value.prefix_length;
  }
  static std::optional<ParsedValue> read(const VipAddress& address) {
    return ParsedValue{.ips = {address.address}, .prefix_length = address.prefix_length};
  }
};

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "vip.addresses.address", .kind = Kind::kHostAddress, .doc = "The address and the prefix of its network; a bare address stands alone (/32, /128), and `check` warns.",
     .required = true, .field = by<AddressAndPrefix>()},
    {.path = "vip.addresses.interface", .kind = Kind::kInterface, .doc = "The interface that this address is added to.", .fallback_note = "the VIP's",
     .per_node = true, .field = at<&VipAddress::interface>()},
    {.path = "vip.addresses.label", .kind = Kind::kText, .doc = "IPv4 only: the label that old tools show, the interface's name and an ending: \"eth2:1\".",
     .sample = "\"eth1:1\"", .per_node = true, .field = at<&VipAddress::label>()},
    {.path = "vip.addresses.scope", .kind = Kind::kChoice, .doc = "How far the address is valid.", .fallback = "\"global\"", .choices = kScopes,
     .field = at<&VipAddress::scope>()},
};
// clang-format on

void check_label(const VipAddress& address, const std::string& vip_interface, const std::string& place,
                 file::Findings& found) {
  if (address.label.empty()) return;
  const std::string& interface = address.interface.empty() ? vip_interface : address.interface;
  const std::string what = fmt::format("label = {}", file::quoted(address.label));
  if (!address.address.is_v4()) {
    found.error(found.at(place), what, "only IPv4 addresses have labels", "remove it");
  } else if (address.label.size() > kLongestLabel) {
    found.error(found.at(place), what, "a label has at most 15 bytes",
                fmt::format("write for example \"{}:1\"", interface));
  } else if (!interface.empty() && !address.label.starts_with(interface)) {
    found.error(found.at(place), what, "a label begins with the name of the interface",
                fmt::format("write for example \"{}:1\"", interface));
  }
}

}  // namespace

std::span<const Key> keys_of_vip_address() { return kKeys; }

void check_labels(const std::vector<VipAddress>& addresses, const std::string& interface, const std::string& place,
                  file::ReadResult& result) {
  file::Findings found(result);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    check_label(addresses[i], interface, fmt::format("{}.addresses[{}].label", place, i), found);
  }
}

}  // namespace hf::config::section
