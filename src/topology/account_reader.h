// Reads the tables of accounts, roles and schema rights through the monitor's connection.
//
// Thread: the control thread's.
#pragma once

#include <vector>

#include "topology/account_loader.h"
#include "upstream/mysql_probe.h"

namespace hf::topology {

/// The accounts first, then those of the other tables that the monitor account may read. Errors: kRefused when it may not read the
/// accounts themselves; else those of MysqlProbe::ask, and then none of it is known.
runtime::Task<Result<std::vector<AccountRows>>> read_accounts(upstream::MysqlProbe& probe, Deadline deadline);

}  // namespace hf::topology
