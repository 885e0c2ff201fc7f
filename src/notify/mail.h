// Mail: a notice as a letter (RFC 5322). Pure.
//
// Owner: plain values. Thread: any.
// Invariants:
//   1. Only 7-bit text leaves; no value can end its header or add a line: control bytes become blanks, others than
//      ASCII '?'.
//   2. No line is longer than 998 bytes (RFC 5322 2.1.1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "notify/event_notice.h"
#include "notify/vip_change.h"

namespace hf::notify {

struct Letter {
  std::string greeting{};         // what we call ourselves in EHLO
  std::string from{};             // an address, without <>
  std::vector<std::string> to{};  // the same
  std::string text{};             // headers, an empty line, body; lines end in CRLF
};

Letter compose(const VipChange& change, const std::string& from, const std::vector<std::string>& to);
/// With what the catalogue says of the event.
Letter compose(const EventNotice& notice, const std::string& from, const std::vector<std::string>& to);

/// "Tue, 14 Nov 2023 22:13:20 +0000"
std::string mail_date(std::int64_t wall_micros);

/// An address as it may stand between < and >: what could leave the brackets is left out.
std::string mail_address(std::string_view text);

}  // namespace hf::notify
