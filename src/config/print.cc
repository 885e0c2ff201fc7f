#include "config/print.h"

#include "config/file/print.h"
#include "config/schema.h"

namespace hf::config {

std::string print_toml(const Config& config) {
  const bool has_work = !config.services.empty() || !config.vips.empty();
  return (has_work ? "" : "service = []\n\n") + file::print(schema(), config);  // without either a file has to say so
}

}  // namespace hf::config
