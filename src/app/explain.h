// What would be done with a statement, for people.
#pragma once

#include <string_view>

#include "admin/admin_model.h"
#include "upstream/service_view.h"

namespace hf::app {

/// `view`: of a MySQL service.
Result<admin::Explanation> explain_mysql(const upstream::ServiceView& view, std::string_view sql);

}  // namespace hf::app
