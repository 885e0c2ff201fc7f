// GatewayFolders: the folders that the gateway writes into, made ready while there still is somebody who may make them.
//
// Owner: the guardian (or a gateway that is still root), before it gives rights up: making a folder for another user
// needs CAP_CHOWN, which does not survive harden_guardian(). Thread: the only one there is (it forks to ask what the
// user may do). Invariants:
//   1. Every step from the root on is taken by file descriptor. A symbolic link on the way is followed only if root (or
//      the caller) made it: /var/run is, a link that some user put there is an error.
//   2. What exists is never changed: neither owner nor mode. What the user cannot write into is an error that names the
//      remedy.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "app/privileges.h"
#include "base/result.h"
#include "config/config.h"

namespace hf::app {

struct Folder {
  std::string path{};
  std::string what_for{};  // "admin.socket"
  mode_t mode = 0750;      // if it is made
  friend bool operator==(const Folder&, const Folder&) = default;
};

/// Of admin.socket and of Unix listeners (0755: clients of other users reach them), node.state_dir and log.file (0750).
std::vector<Folder> folders_of(const config::Config& config);

/// Makes the last part of the path, and missing ones before it as root's, if need be; checks that `user` can write
/// there.
Result<void> prepare_folder(const Folder& folder, const UserIds& user);

/// All of them, and that an existing log file can be written by `user`. All errors are told at once, joined.
Result<void> prepare_folders(const config::Config& config, const UserIds& user);

}  // namespace hf::app
