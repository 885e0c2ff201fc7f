// Variables of a session by name: how each is treated, which two names are one variable, and which variable sets
// another unseen.
//
// Pure functions of names, lower case. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace hf::policy::session {

/// How a variable that the server reports is treated.
enum class VariableKind {
  kSetting,   // belongs to Settings
  kMoment,    // says something about a moment: not state
  kTracking,  // session_track_*: the client's wish, never left on a server
  kTied,      // makes sense on its own connection only: ties the session to it
};
VariableKind kind_of_variable(ByteView name);
/// A setting with a value that makes sense on its own connection only: a point of time is read in the time zone that
/// was in force before the SET statement, and told in that of now.
bool ties(ByteView name, ByteView value);

/// Two names of one value.
struct Alias {
  ByteView name;  // kept where a server shows both
  ByteView other;
};
std::span<const Alias> aliases();
/// The other name of this variable; empty: it has one only.
ByteView other_name(ByteView name);

/// A SET of `setter` sets `name`, too, and the server reports the setter only.
struct Follower {
  ByteView setter;
  ByteView name;
};
/// Sorted by name.
std::span<const Follower> followers();
bool is_follower(ByteView name);
/// The value that its follower has when `setter` was set to `value`, where that is known without asking.
std::optional<ByteView> value_of_follower(ByteView setter, ByteView value);

}  // namespace hf::policy::session
