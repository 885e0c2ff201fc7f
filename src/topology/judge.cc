#include "topology/judge.h"

namespace hf::topology {

runtime::Task<void> Judge::read(WatchedServer* /*server*/) { co_return; }

}  // namespace hf::topology
