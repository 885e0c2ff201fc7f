// View: what a shard knows of a MySQL service besides its servers: who is primary, what clients are greeted with, who
// may log in, and what a session begins with.
//
// Owner: shared_ptr<const>. Thread: any.
// Invariant: `primary`, when there is one, is present and usable. There is never more than one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "proto/mysql/capabilities.h"
#include "upstream/mysql/accounts.h"
#include "upstream/service_view.h"
#include "upstream/mysql/session_defaults.h"

namespace hf::upstream::mysql {

struct View final : ServiceView {
  View() = default;
  explicit View(ServiceView seen) : ServiceView(std::move(seen)) {}

  std::uint64_t epoch = 0;  // rises with every change of primary
  std::optional<ServerSlot> primary;
  std::string no_primary_reason;
  // What the greeting to clients says, learnt from the servers.
  std::string server_version;
  bool mariadb = false;  // by that version
  std::uint64_t server_capabilities = 0;
  std::uint8_t server_charset = proto::mysql::kUtf8mb4GeneralCi;
  std::shared_ptr<const Accounts> accounts;
  bool accounts_awaited = false;     // those of the servers were never read yet: nobody can be called unknown
  std::uint64_t accounts_round = 0;  // readings that were asked for and have ended (upstream/refresh.h)
  SessionDefaultsPtr defaults = std::make_shared<const SessionDefaults>();  // the primary's; never null
  std::uint64_t defaults_round = 0;

  Standing standing() const override;
  bool same_as(const ServiceView& other) const override;
};

using ViewPtr = std::shared_ptr<const View>;

/// The readings that a session may ask for (Control::refresh).
enum class Subject : std::uint32_t { kAccounts, kDefaults };

}  // namespace hf::upstream::mysql
