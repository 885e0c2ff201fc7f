// A value of the file that passed the rules of its key, on its way into a field, or out of one again.
//
// Owner: whoever holds it (plain values). Thread: any.
// Invariants:
//   1. The kind of the key says which members are set; the others hold what they begin with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/file/address.h"
#include "config/file/secret_source.h"

namespace hf::config::file {

struct ParsedValue {
  // kName, kText, kChoice, kPath, kSocketPath, kInterface, kCommand, kUrl; the secret of kSecretFile and
  // kSecretVariable
  std::string text{};
  std::int64_t number = 0;
  bool flag = false;  // kFlag; kWeight: "release"
  Nanos duration{0};
  std::size_t choice = 0;  // index into choices
  Endpoint endpoint{};     // empty for "off"
  std::vector<Network> networks{};
  std::vector<IpAddress> ips{};      // kIps; kIp, kHostAddress and kNumericAddress: one
  std::uint8_t prefix_length = 0;    // kHostAddress
  std::string url_path{};            // kUrl; the host and the port are in endpoint
  std::vector<std::string> texts{};  // kNames, kTexts
  SecretSource source{};             // kSecretFile, kSecretVariable
};

}  // namespace hf::config::file
