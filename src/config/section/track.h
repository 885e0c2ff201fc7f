// [[vip.track]]: what a node watches of itself.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/file/forward.h"
#include "config/section/script.h"
#include "policy/vrrp/weight.h"

namespace hf::config::section {

struct Service;
struct Vip;

enum class TrackKind : std::uint8_t { kService, kInterface, kScript, kProcess, kFile };
/// What of a service must be usable.
enum class ServiceNeeds : std::uint8_t {
  kAny,      // at least `at_least` servers may serve
  kPrimary,  // mysql: a writable primary
  kReaders
};  // mysql: at least `at_least` servers serve reads

struct Track {
  TrackKind kind = TrackKind::kService;
  std::string target;  // service, interface, process name, or file path
  Script script;       // kScript
  policy::vrrp::Weight weight;
  ServiceNeeds needs = ServiceNeeds::kAny;
  std::uint32_t at_least = 1;  // kService: servers; kProcess: processes of that name
  Nanos interval = 1s;         // kScript, kProcess, kFile
  std::uint32_t rise = 1;      // kScript: good results in a row
  std::uint32_t fall = 1;      // kScript: bad results in a row
  friend bool operator==(const Track&, const Track&) = default;
};

std::span<const file::Key> keys_of_track();

void check_tracks(const std::vector<Vip>& vips, const std::vector<Service>& services, file::ReadResult& result);

}  // namespace hf::config::section
