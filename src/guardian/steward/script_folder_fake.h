// ScriptFolder: a folder of scripts for a test, gone with it.
//
// Owner: the test. Thread: the test's.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>

namespace hf::guardian::steward {

class ScriptFolder {
 public:
  ScriptFolder() {
    const char* base = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
    path_ = std::string(base != nullptr ? base : "/tmp") + "/holdfast-scripts-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
    ::chmod(path_.c_str(), 0755);  // other users are to reach the scripts
  }
  ScriptFolder(const ScriptFolder&) = delete;
  ScriptFolder& operator=(const ScriptFolder&) = delete;
  ~ScriptFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  /// The path of an executable that holds `lines` for /bin/sh.
  std::string script(const std::string& name, const std::string& lines) const {
    std::string file = path_ + "/" + name;
    std::ofstream(file) << "#!/bin/sh\n" << lines << "\n";
    ::chmod(file.c_str(), 0755);
    return file;
  }

 private:
  std::string path_;
};

}  // namespace hf::guardian::steward
