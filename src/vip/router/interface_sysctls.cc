#include "vip/router/interface_sysctls.h"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace hf::vip::router {
namespace {

std::string path_of(IpFamily family, const std::string& interface, std::string_view key) {
  std::string path = family == IpFamily::kIpv4 ? "/proc/sys/net/ipv4/conf/" : "/proc/sys/net/ipv6/conf/";
  return path.append(interface).append("/").append(key);
}

Result<void> write_sysctl(IpFamily family, const std::string& interface, std::string_view key, std::string_view value) {
  const std::string path = path_of(family, interface, key);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return system_error(errno, path);
  const ssize_t written = ::write(fd, value.data(), value.size());
  const int error = errno;
  ::close(fd);
  if (written < 0) return system_error(error, path);
  return {};
}

}  // namespace

void keep_secondary_addresses(const std::string& interface) {
  const Result<void> written = write_sysctl(IpFamily::kIpv4, interface, "promote_secondaries", "1");
  (void)written;  // what the kernel takes along is put back (AddressHolder)
}

Result<void> set_virtual_mac_sysctls(const std::string& name, const std::string& parent, IpFamily family) {
  if (family == IpFamily::kIpv6) {
    // No address of its own, none from routers; the virtual ones are usable at once (and never "dadfailed", when a
    // second master has them for a moment with the same MAC).
    for (const auto& [key, value] : {std::pair{"addr_gen_mode", "1"},
                                     {"autoconf", "0"},
                                     {"accept_ra", "0"},
                                     {"accept_dad", "0"},
                                     {"dad_transmits", "0"}}) {
      HF_RETURN_IF_ERROR(write_sysctl(IpFamily::kIpv6, name, key, value));
    }
    return {};
  }
  // Nothing to do where the kernel has no IPv6.
  const Result<void> no_ipv6 = write_sysctl(IpFamily::kIpv6, name, "disable_ipv6", "1");
  if (!no_ipv6.ok() && no_ipv6.error().code != ErrorCode::kNotFound) return no_ipv6;

  // A request for an address arrives on both interfaces. arp_ignore 1: each answers for its own addresses only, so that
  // nobody learns the parent's MAC for a virtual address or the virtual MAC for the parent's.
  HF_RETURN_IF_ERROR(write_sysctl(IpFamily::kIpv4, name, "arp_ignore", "1"));
  HF_RETURN_IF_ERROR(write_sysctl(IpFamily::kIpv4, parent, "arp_ignore", "1"));
  // arp_announce 2: the parent's own requests name an address of its own. Else an answer from the virtual address would
  // make it ask "who has the client? tell the virtual address", with its own MAC, and every cache would follow.
  HF_RETURN_IF_ERROR(write_sysctl(IpFamily::kIpv4, parent, "arp_announce", "2"));
  // arp_filter 0: the route back to the asker goes by the parent, which with 1 would forbid the answer.
  HF_RETURN_IF_ERROR(write_sysctl(IpFamily::kIpv4, name, "arp_filter", "0"));
  // rp_filter 2, loose, for the same reason; the larger of this and "all" counts, so 0 would not do.
  return write_sysctl(IpFamily::kIpv4, name, "rp_filter", "2");
}

bool forwards(const std::string& interface, IpFamily family) {
  const int fd = ::open(path_of(family, interface, "forwarding").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char value = '0';
  const ssize_t got = ::read(fd, &value, 1);
  ::close(fd);
  return got == 1 && value != '0';
}

}  // namespace hf::vip::router
