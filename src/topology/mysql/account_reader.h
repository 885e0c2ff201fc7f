// Reads the tables of accounts, roles and schema rights through the monitor's connection.
//
// Thread: the control thread's.
#pragma once

#include <vector>

#include "topology/mysql/account_loader.h"
#include "check/mysql_check.h"

namespace hf::topology::mysql {

/// The accounts first, then those of the other tables that the monitor account may read. Errors: kRefused when it may
/// not read the accounts themselves; else those of MysqlCheck::ask, and then none of it is known.
runtime::Task<Result<std::vector<AccountRows>>> read_accounts(check::MysqlCheck& probe, Deadline deadline);

}  // namespace hf::topology::mysql
