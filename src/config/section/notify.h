// [[notify]]: who is told of what happens: of the changes of VIPs, or of events.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/time.h"
#include "config/file/address.h"
#include "config/file/forward.h"
#include "config/file/secret_source.h"
#include "config/section/script.h"

namespace hf::config::section {

struct Vip;

enum class NotifyKind : std::uint8_t { kFifo, kSocket, kSmtp, kWebhook, kCommand };

/// Somebody who is told of every change of a VIP; where `events` or `level` says which, of events instead.
struct Notify {
  std::string name;  // what it is called where it is told about; empty: by where it is reached
  NotifyKind kind = NotifyKind::kFifo;
  std::string path;                  // kFifo, kSocket (a Unix stream socket that listens)
  file::Endpoint server;             // kSmtp, kWebhook
  std::string url_path;              // kWebhook: "/hook?x=1"
  std::string url;                   // kWebhook: as written
  file::SecretSource url_from = {};  // kWebhook: where it was read, if it is not in the configuration itself
  std::string token;                 // kWebhook: sent as bearer token; empty: none
  file::SecretSource token_from = {};
  std::string from;                 // kSmtp
  std::vector<std::string> to;      // kSmtp
  Script command;                   // kCommand: "notify/2"
  std::vector<std::string> events;  // patterns of numbers: "HF-2xxx"
  std::optional<EventLevel> level;  // events of this level and above
  std::vector<std::string> vips;    // empty: all
  Nanos timeout = 10s;              // of one attempt; a command has it, too
  std::uint32_t retries = 3;        // attempts after the first
  friend bool operator==(const Notify&, const Notify&) = default;
};

/// Whether it is told of events, and not of the changes of VIPs.
bool tells_events(const Notify& notify);

std::span<const file::Key> keys_of_notify();

/// Commands as words, with ids, and `user` where no other is written.
void fill_in(std::vector<Notify>& notifies, const std::string& user, file::ReadResult& result);

/// `events`: those that there are; where it is empty, every number may be one.
void check_notifies(const std::vector<Notify>& notifies, const std::vector<Vip>& vips, EventTypes events,
                    file::ReadResult& result);

}  // namespace hf::config::section
