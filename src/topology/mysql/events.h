// What the watcher of a MySQL service tells of its accounts.
//
// Owner: constant tables, plain values. Thread: any. Invariants: those of base/event.h.
#pragma once

#include "base/event.h"

namespace hf::topology::mysql::events {

struct AccountsLoaded {
  EventText service, source;

  static constexpr EventWords kWords{
      .id = EventId::kAccountsLoaded,
      .name = "accounts_loaded",
      .level = EventLevel::kInfo,
      .meaning = "The accounts that clients may log in with are known.",
      .action = "Nothing.",
  };
  static constexpr EventMember<AccountsLoaded> kFields[] = {{"service", &AccountsLoaded::service},
                                                            {"source", &AccountsLoaded::source}};
};

struct AccountsChanged {
  EventText service, changed;

  static constexpr EventWords kWords{
      .id = EventId::kAccountsChanged,
      .name = "accounts_changed",
      .level = EventLevel::kInfo,
      .meaning = "The accounts on the servers or in the file have changed; new logins follow them.",
      .action = "Nothing.",
  };
  static constexpr EventMember<AccountsChanged> kFields[] = {{"service", &AccountsChanged::service},
                                                             {"changed", &AccountsChanged::changed}};
};

struct AccountUnusable {
  EventText service, account, reason;

  static constexpr EventWords kWords{
      .id = EventId::kAccountUnusable,
      .name = "account_unusable",
      .level = EventLevel::kWarning,
      .meaning = "An account exists on the servers but clients cannot use it through the gateway.",
      .action =
          "`reason` names the cause, such as an authentication plugin without support. List the account under `users`, "
          "or change its plugin.",
  };
  static constexpr EventMember<AccountUnusable> kFields[] = {{"service", &AccountUnusable::service},
                                                             {"account", &AccountUnusable::account},
                                                             {"reason", &AccountUnusable::reason}};
};

inline constexpr auto kAll = kEventTypes<AccountsLoaded, AccountsChanged, AccountUnusable>;

}  // namespace hf::topology::mysql::events
