// Rules about [[notify]]: keys that fit the receiver, VIPs that are there, mail addresses that are fit for SMTP.
//
// Thread: any (pure function).
#pragma once

#include "config/reader.h"

namespace hf::config {

/// Adds its complaints to result.errors and result.warnings.
void check_notifies(ReadResult& result);

}  // namespace hf::config
