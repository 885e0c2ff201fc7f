// Claims: the sole right, among the processes of this network namespace, to run virtual routers and hold their
// addresses. Whoever starts has to have it before he touches an address: he would take those of another process for
// what an earlier life left behind.
//
// A claim is a listening Unix socket with an abstract name, made of what two processes would fight for: a router id on
// an interface, an address. Such names belong to a network namespace, as addresses do, and the kernel gives them back
// when their process ends, however it ends; no file can be left behind, and no two mounts of /run can hide one. Anybody
// may take such a name. So it counts only where the kernel says (SO_PEERCRED of a connection) that its owner has the
// user of this process; what is in other hands is gone without, and said.
//
// Owner: Routers. Thread: that of the guardian's loop.
// Invariants:
//   1. take() gets everything that a router needs, or nothing.
//   2. Nothing here waits.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "vip/settings.h"

namespace hf::guardian {

class Claims {
 public:
  /// For how long a name counts whose owner is on its way out, or does not say who it is.
  static constexpr Nanos kGoingPatience = 6s;

  Claims() = default;
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;
  ~Claims() { clear(); }

  /// kRefused: another process has a part of it. kUnreachable: so it is, but that one is about to end: ask again.
  Result<void> take(const vip::RouterSettings& router, TimePoint now);
  /// Gives back what none of these needs.
  void keep(const std::vector<const vip::RouterSettings*>& routers);
  /// Whoever asks hears from now on that this process is about to end.
  void announce_end();
  void clear();
  /// Lets those go who asked; what nobody lets go is bounded by the sockets' queues.
  void tidy();
  /// What take() had to go without since the last call, in words.
  std::vector<std::string> take_missing();

 private:
  struct Name {
    std::string socket;
    std::string words;
  };
  static std::vector<Name> names_of(const vip::RouterSettings& router);
  /// A socket; -1: gone without.
  Result<int> claim(const Name& name, TimePoint now);
  Result<int> judge_owner(const Name& name, TimePoint now);
  Result<int> go_without(const Name& name, const std::string& why);

  std::map<std::string, int> held_;               // by name; -1: gone without
  std::map<std::string, TimePoint> going_since_;  // names of others
  std::vector<std::string> missing_;
};

}  // namespace hf::guardian
