// [[notify]]: who is told of what happens to the VIPs.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/file/address.h"
#include "config/file/forward.h"
#include "config/file/secret_source.h"

namespace hf::config::section {

struct Vip;

enum class NotifyKind : std::uint8_t { kFifo,
                                       kSocket,
                                       kSmtp,
                                       kWebhook };

/// Somebody who is told of every transition of a VIP.
struct Notify {
  NotifyKind kind = NotifyKind::kFifo;
  std::string path;                 // kFifo, kSocket (a Unix stream socket that listens)
  file::Endpoint server;            // kSmtp, kWebhook
  std::string url_path;             // kWebhook: "/hook?x=1"
  std::string url;                  // kWebhook: as written
  std::string token;                // kWebhook: sent as bearer token; empty: none
  file::SecretSource token_from = {};
  std::string from;                 // kSmtp
  std::vector<std::string> to;      // kSmtp
  std::vector<std::string> vips;    // empty: all
  Nanos timeout = 10s;              // of one attempt
  std::uint32_t retries = 3;        // attempts after the first
  friend bool operator==(const Notify&, const Notify&) = default;
};

std::span<const file::Key> keys_of_notify();

void check_notifies(const std::vector<Notify>& notifies, const std::vector<Vip>& vips, file::ReadResult& result);

}  // namespace hf::config::section
