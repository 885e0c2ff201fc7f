// The command line: `holdfast run|check|status|drain|resume|vip|reload|events|explain`.
#pragma once

namespace hf::app {

/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused for safety.
int run_command_line(int argc, char** argv);

}  // namespace hf::app
