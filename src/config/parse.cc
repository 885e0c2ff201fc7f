#include "config/parse.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <tuple>
#include <utility>

#include "config/file/document.h"
#include "config/file/reader.h"
#include "config/machine.h"
#include "config/rights.h"
#include "config/schema.h"
#include "config/validate.h"

namespace hf::config {

namespace {

using file::Entry;
using file::PlacedComplaint;
using file::Position;
using file::SyntaxError;
using file::Value;

constexpr std::size_t kLargestFile = std::size_t{1} << 20;

LoadResult failed(const std::string& file, Position at, std::string what, std::string why, std::string remedy) {
  LoadResult result;
  result.errors.push_back({file, at.line, at.column, std::move(what), std::move(why), std::move(remedy)});
  return result;
}

LoadResult too_large(const std::string& file) {
  return failed(file, {}, "the file is too large", "a configuration has at most 1 MiB",
                "check that this is the right file");
}

/// node.name is needed before the rest: it chooses among values keyed by node name.
std::string node_name_of(const Value& document, const LoadContext& context) {
  if (!context.node_name.empty()) return context.node_name;
  if (const Entry* node = document.find("node")) {
    const Entry* name = node->value.find("name");
    if (name != nullptr && name->value.is(Value::Type::kText)) return name->value.text;
  }
  return context.host_name.empty() ? "localhost" : context.host_name;
}

/// The defaults that depend on the machine or on other keys.
void fill_in(Config& config, file::ReadResult& result, const LoadContext& context, const std::string& node_name) {
  section::fill_in(config.node, context, node_name);
  for (Service& service : config.services) section::fill_in(service.servers);
  section::fill_in(config.vips, config.node.user, result);
  section::fill_in(config.notifies, config.node.user, result);
}

std::vector<Diagnostic> placed(std::vector<PlacedComplaint> complaints, const std::string& file) {
  std::sort(complaints.begin(), complaints.end(), [](const PlacedComplaint& a, const PlacedComplaint& b) {
    return std::tie(a.at, a.complaint.what, a.complaint.why) < std::tie(b.at, b.complaint.what, b.complaint.why);
  });
  std::vector<Diagnostic> diagnostics;
  for (PlacedComplaint& c : complaints) {
    diagnostics.push_back({file, c.at.line, c.at.column, std::move(c.complaint.what), std::move(c.complaint.why),
                           std::move(c.complaint.remedy)});
  }
  diagnostics.erase(std::unique(diagnostics.begin(), diagnostics.end()), diagnostics.end());
  return diagnostics;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// At most one byte more than the largest file.
Result<std::string> read_whole(const std::string& path) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (!file) return system_error(errno, "open");
  std::string text(kLargestFile + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return system_error(errno, "read");
  return text;
}

}  // namespace

LoadResult load_text(std::string_view text, const std::string& file, const LoadContext& context) {
  if (text.size() > kLargestFile) return too_large(file);
  std::variant<Value, SyntaxError> document = file::parse_document(text);
  if (const SyntaxError* broken = std::get_if<SyntaxError>(&document)) {
    return failed(file, broken->at, "this is not TOML", broken->why, "correct this line, the rest was not looked at");
  }
  const Value& root = *std::get_if<Value>(&document);
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : file.substr(0, slash == 0 ? 1 : slash);
  const std::string node_name = node_name_of(root, context);

  Config config;
  file::ReadResult read = file::read_into(config, schema(), root, {context, node_name, folder});
  fill_in(config, read, context, node_name);
  validate(config, context.events, read);
  if (context.runner) check_rights(config, *context.runner, read);
  if (context.machine) check_machine(config, *context.machine, read);

  LoadResult result;
  result.admin_socket = config.admin.socket;
  result.errors = placed(std::move(read.errors), file);
  result.warnings = placed(std::move(read.warnings), file);
  if (result.errors.empty()) result.config = std::make_shared<const Config>(std::move(config));
  return result;
}

LoadResult load_file(const std::string& path, const LoadContext& context) {
  const Result<std::string> text = read_whole(path);
  if (!text.ok()) {
    return failed(path, {}, "the file cannot be read", text.error().context, "correct the path or its permissions");
  }
  return load_text(*text, path, context);
}

std::string to_string(const LoadResult& result) {
  std::string out;
  for (const Diagnostic& error : result.errors) out += to_string(error) + "\n";
  for (const Diagnostic& warning : result.warnings) out += "warning: " + to_string(warning) + "\n";
  return out;
}

}  // namespace hf::config
