// Any bytes may come in. Oracle: no crash, a Config exactly when there is no error, every complaint placed and in order,
// and a configuration that loads has no difference to itself loaded again.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "config/diff.h"
#include "config/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hf::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  LoadContext context;
  context.host_name = "gw-a";
  context.environment = [](const std::string& name) -> std::optional<std::string> {
    return name.size() % 2 == 0 ? std::optional<std::string>("secret") : std::nullopt;
  };
  context.read_secret = [](const std::string& path) -> hf::Result<SecretFile> {
    if (path.size() % 2 != 0) return hf::Error{hf::ErrorCode::kNotFound, "there is no such file"};
    return SecretFile{path + "\n", path.size() % 4 == 0};
  };

  const LoadResult result = load_text(text, "/etc/holdfast/holdfast.toml", context);
  HF_CHECK(result.ok() == result.errors.empty());
  for (const auto* list : {&result.errors, &result.warnings}) {
    for (const Diagnostic& d : *list) HF_CHECK(d.line >= 1 && d.column >= 1 && !d.what.empty() && !d.why.empty() && !d.remedy.empty());
    HF_CHECK(std::is_sorted(list->begin(), list->end(),
                            [](const Diagnostic& a, const Diagnostic& b) { return a.line != b.line ? a.line < b.line : a.column < b.column; }));
  }
  if (!result.ok()) return 0;
  const LoadResult again = load_text(text, "/etc/holdfast/holdfast.toml", context);
  HF_CHECK(again.ok() && *again.config == *result.config);
  HF_CHECK(diff(*result.config, *again.config).empty());
  return 0;
}
