#include "config/file/secret.h"

#include <fmt/format.h>

#include <utility>

namespace hf::config::file {

namespace {

void strip_newline(std::string& text) {
  if (!text.ends_with('\n')) return;
  text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

Secret failed(std::string what, std::string why, std::string remedy) {
  Secret secret;
  secret.error = Complaint{std::move(what), std::move(why), std::move(remedy)};
  return secret;
}

Secret from_variable(const Key& key, const std::string& name, const LoadContext& context) {
  const std::optional<std::string> value = context.environment ? context.environment(name) : std::nullopt;
  if (!value) {
    return failed(fmt::format("{} names a variable that is not set", key.leaf()), "the secret cannot be read",
                  "set it before the start");
  }
  Secret secret;
  secret.text = *value;
  return secret;
}

Secret from_file(const Key& key, const std::string& path, const LoadContext& context) {
  const std::string what = fmt::format("{} = {}", key.leaf(), quoted(path));
  if (!context.read_secret) return failed(what, "there is no such file", "create it or correct the path");
  Result<SecretFile> file = context.read_secret(path);
  if (!file.ok()) {
    const bool denied = file.error().code == ErrorCode::kAccessDenied;
    return failed(
        what, file.error().context,
        denied ? "make its owner or its group the user that holdfast runs as" : "create it or correct the path");
  }
  Secret secret;
  secret.text = std::move(file->text);
  strip_newline(secret.text);
  if (file->readable_by_others) {
    secret.warning = Complaint{what, "every user of this machine can read it", "take that away with chmod o-r"};
  }
  return secret;
}

}  // namespace

Secret read_secret(const Key& key, const std::string& source, const LoadContext& context) {
  const bool in_file = key.kind == Kind::kSecretFile;
  Secret secret = in_file ? from_file(key, source, context) : from_variable(key, source, context);
  if (secret.error) return secret;
  if (secret.text.empty()) {
    return failed(fmt::format("{} gives an empty secret", key.leaf()), "an empty secret protects nothing",
                  "write the secret there");
  }
  if (secret.text.find('\0') != std::string::npos) {
    return failed(fmt::format("{} gives a secret with a zero byte", key.leaf()), "no peer takes such a secret",
                  "write the secret as text");
  }
  return secret;
}

}  // namespace hf::config::file
