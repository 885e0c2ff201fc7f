#include "guardian/steward/script_security.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <deque>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

namespace hf::guardian::steward {
namespace {

constexpr int kMostLinks = 40;  // as the kernel
constexpr std::size_t kMostArguments = 8;
constexpr std::size_t kMostVariables = 16;
constexpr std::size_t kLongestArgument = 256;
constexpr std::size_t kLongestVariable = 2048;
constexpr std::string_view kVariablePrefix = "HOLDFAST_";

Error refused(std::string why) { return Error{ErrorCode::kAccessDenied, std::move(why)}; }

std::deque<std::string> components(std::string_view path) {
  std::deque<std::string> out;
  while (!path.empty()) {
    const std::size_t end = path.find('/');
    const std::string_view name = path.substr(0, end);
    if (!name.empty() && name != ".") out.emplace_back(name);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  }
  return out;
}

Result<void> check_one(const std::string& path, const struct stat& status) {
  if (status.st_uid != 0) return refused("'" + path + "' does not belong to root");
  if (S_ISLNK(status.st_mode)) return {};  // its mode says nothing; who may exchange it says the folder
  if (S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0) return {};
  if ((status.st_mode & S_IWOTH) != 0) return refused("'" + path + "' may be written by everybody");
  if ((status.st_mode & S_IWGRP) != 0 && status.st_gid != 0) return refused("'" + path + "' may be written by a group");
  return {};
}

Result<std::string> link_target(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) return system_error(errno, "'" + path + "'");
  target.resize(static_cast<std::size_t>(length));
  return target;
}

/// The walk of the kernel from "/", one component after the other.
class Walk {
 public:
  explicit Walk(const std::string& path) : pending_(components(path)) {}

  Result<void> run() {
    HF_RETURN_IF_ERROR(look("/"));
    while (!pending_.empty()) {
      const std::string name = std::move(pending_.front());
      pending_.pop_front();
      HF_RETURN_IF_ERROR(name == ".." ? up() : step(here_ + "/" + name));
    }
    return {};
  }

 private:
  Result<void> look(const std::string& path) {
    if (::lstat(path.c_str(), &status_) != 0) return system_error(errno, "'" + path + "'");
    return check_one(path, status_);
  }
  Result<void> up() {
    here_.resize(here_.empty() ? 0 : here_.rfind('/'));
    return {};
  }
  Result<void> step(const std::string& path) {
    HF_RETURN_IF_ERROR(look(path));
    if (!S_ISLNK(status_.st_mode)) {
      here_ = path;
      return {};
    }
    if (++links_ > kMostLinks) return refused("'" + path + "' leads through too many links");
    Result<std::string> target = link_target(path);
    if (!target.ok()) return target.error();
    if (target->starts_with('/')) here_.clear();
    std::deque<std::string> names = components(*target);
    pending_.insert(pending_.begin(), names.begin(), names.end());
    return {};
  }

  std::deque<std::string> pending_;
  std::string here_;  // "" is "/"
  struct stat status_ = {};
  int links_ = 0;
};

bool runnable(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 0111) != 0;
}

bool plain_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._:/@-").find(c) != std::string_view::npos;
}

bool control_byte(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool plain_variable(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals <= kVariablePrefix.size()) return false;
  const std::string_view name = text.substr(0, equals);
  const bool named = name.starts_with(kVariablePrefix) && std::all_of(name.begin(), name.end(), [](char c) {
                       return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
                     });
  return named && text.size() <= kLongestVariable && std::none_of(text.begin(), text.end(), control_byte);
}

}  // namespace

Result<void> only_root_may_change(const std::string& path) {
  if (!path.starts_with('/')) return Error{ErrorCode::kInvalidArgument, "'" + path + "' is not an absolute path"};
  return Walk(path).run();
}

Result<std::string> find_program(const std::string& name) {
  if (name.empty()) return Error{ErrorCode::kInvalidArgument, "there is no command"};
  if (name.find('/') != std::string::npos) {
    if (!name.starts_with('/')) return Error{ErrorCode::kInvalidArgument, "'" + name + "' is not an absolute path"};
    if (!runnable(name)) return Error{ErrorCode::kNotFound, "'" + name + "' is not a program"};
    return name;
  }
  std::string_view folders = kScriptPath;
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    std::string path = std::string(folders.substr(0, end)) + "/" + name;
    if (runnable(path)) return path;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return Error{ErrorCode::kNotFound, "there is no program '" + name + "' in " + kScriptPath};
}

Result<void> check_request(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  if (arguments.size() > kMostArguments) return refused("the request has too many arguments");
  if (environment.size() > kMostVariables) return refused("the request has too many variables");
  for (const std::string& argument : arguments) {
    const bool plain = !argument.empty() && argument.size() <= kLongestArgument && argument.front() != '-' &&
                       std::all_of(argument.begin(), argument.end(), plain_word_byte);
    if (!plain) return refused("an argument of the request is not a plain word");
  }
  for (const std::string& variable : environment) {
    if (!plain_variable(variable)) return refused("a variable of the request is not a plain HOLDFAST_NAME=value");
  }
  return {};
}

}  // namespace hf::guardian::steward
