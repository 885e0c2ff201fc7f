// Where the value of a key is kept: one description of a member, from which reading, comparing and printing come.
//
// Owner: the row of the key (a constant). Thread: any.
// Invariants:
//   1. A field is used with objects of the type that it was made from, and no other: Schema checks that the rows of a
//      table belong to the type that the table fills.
//   2. What read() gives, store() takes: afterwards the two objects are the same() to this field.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/file/parsed_value.h"
#include "policy/vrrp/weight.h"

namespace hf::config::file {

using policy::vrrp::Weight;

/// Which type an object has whose address is a void*: one address per type.
using TypeTag = const char*;
template <typename T>
inline constexpr char kTypeTag = 0;

struct Field {
  TypeTag owner = nullptr;  // the type of the objects that it is in
  TypeTag fills = nullptr;  // tables: the type of the object that the keys below fill

  // A value.
  void (*store)(void* object, const ParsedValue& value) = nullptr;
  std::optional<ParsedValue> (*read)(const void* object) = nullptr;  // nullopt: nothing that could be written down

  // A table, or a list of tables.
  void* (*enter)(void* object) = nullptr;              // the object to fill; a list gets a new one at its end
  std::size_t (*count)(const void* object) = nullptr;  // how many there are
  const void* (*item)(const void* object, std::size_t index) = nullptr;

  bool (*same)(const void* a, const void* b) = nullptr;  // nullptr: a change of it shows in other keys
};

// How a member of each type takes a value and gives it back. A section has its own types beside these: its functions of
// the same names are found by the type.

inline void assign(std::string& member, const ParsedValue& value) { member = value.text; }
inline void assign(bool& member, const ParsedValue& value) { member = value.flag; }
inline void assign(Nanos& member, const ParsedValue& value) { member = value.duration; }
inline void assign(Endpoint& member, const ParsedValue& value) { member = value.endpoint; }
inline void assign(Weight& member, const ParsedValue& value) {
  member = Weight{value.flag, static_cast<int>(value.number)};
}
inline void assign(IpAddress& member, const ParsedValue& value) { member = value.ips.at(0); }
inline void assign(std::optional<IpAddress>& member, const ParsedValue& value) { member = value.ips.at(0); }
inline void assign(std::vector<IpAddress>& member, const ParsedValue& value) { member = value.ips; }
inline void assign(std::vector<Network>& member, const ParsedValue& value) { member = value.networks; }
inline void assign(std::vector<std::string>& member, const ParsedValue& value) { member = value.texts; }
template <std::unsigned_integral T>
void assign(T& member, const ParsedValue& value) {
  member = static_cast<T>(value.number);
}
template <typename T>
  requires std::is_enum_v<T>
void assign(T& member, const ParsedValue& value) {
  member = static_cast<T>(value.choice);
}

inline std::optional<ParsedValue> written(const std::string& member) { return ParsedValue{.text = member}; }
inline std::optional<ParsedValue> written(const bool& member) { return ParsedValue{.flag = member}; }
inline std::optional<ParsedValue> written(const Nanos& member) { return ParsedValue{.duration = member}; }
inline std::optional<ParsedValue> written(const Endpoint& member) {
  return ParsedValue{.text = member.unix_path, .endpoint = member};
}
inline std::optional<ParsedValue> written(const Weight& member) {
  return ParsedValue{.number = member.points, .flag = member.release};
}
inline std::optional<ParsedValue> written(const IpAddress& member) { return ParsedValue{.ips = {member}}; }
inline std::optional<ParsedValue> written(const std::optional<IpAddress>& member) {
  if (!member) return std::nullopt;
  return written(*member);
}
inline std::optional<ParsedValue> written(const std::vector<IpAddress>& member) { return ParsedValue{.ips = member}; }
inline std::optional<ParsedValue> written(const std::vector<Network>& member) {
  return ParsedValue{.networks = member};
}
inline std::optional<ParsedValue> written(const std::vector<std::string>& member) {
  return ParsedValue{.texts = member};
}
template <std::unsigned_integral T>
std::optional<ParsedValue> written(const T& member) {
  return ParsedValue{.number = static_cast<std::int64_t>(member)};
}
template <typename T>
  requires std::is_enum_v<T>
std::optional<ParsedValue> written(const T& member) {
  return ParsedValue{.choice = static_cast<std::size_t>(member)};
}

/// A type whose members are values of keys; every other is a table, and a vector of such a list of tables.
template <typename T>
concept Scalar = requires(T& member, const T& same, const ParsedValue& value) {
  assign(member, value);
  { written(same) } -> std::same_as<std::optional<ParsedValue>>;
};

template <typename T>
inline constexpr bool kIsList = false;
template <typename T>
inline constexpr bool kIsList<std::vector<T>> = true;

template <typename T>
struct MemberPointer;
template <typename O, typename T>
struct MemberPointer<T O::*> {
  using Owner = O;
};

/// A member, or a member of a member: Chain<&Service::check, &Check::rise>.
template <auto kFirst, auto... kRest>
struct Chain {
  using Owner = typename MemberPointer<decltype(kFirst)>::Owner;
  static auto& in(auto& object) {
    if constexpr (sizeof...(kRest) == 0) {
      return object.*kFirst;
    } else {
      return Chain<kRest...>::in(object.*kFirst);
    }
  }
  static auto& at(void* object) { return in(*static_cast<Owner*>(object)); }
  static auto& at(const void* object) { return in(*static_cast<const Owner*>(object)); }
  using Member = std::remove_reference_t<decltype(in(std::declval<Owner&>()))>;
};

/// The value is kept in this member: at<&Service::max_connections>(). A struct is a table, a vector of structs a list
/// of tables.
template <auto... kMembers>
constexpr Field at() {
  using Where = Chain<kMembers...>;
  using Member = typename Where::Member;
  Field field;
  field.owner = &kTypeTag<typename Where::Owner>;
  field.same = [](const void* a, const void* b) { return Where::at(a) == Where::at(b); };
  if constexpr (Scalar<Member>) {
    field.store = [](void* object, const ParsedValue& value) { assign(Where::at(object), value); };
    field.read = [](const void* object) { return written(Where::at(object)); };
  } else if constexpr (kIsList<Member>) {
    field.fills = &kTypeTag<typename Member::value_type>;
    field.enter = [](void* object) -> void* { return &Where::at(object).emplace_back(); };
    field.count = [](const void* object) { return Where::at(object).size(); };
    field.item = [](const void* object, std::size_t index) -> const void* { return &Where::at(object)[index]; };
  } else {
    field.fills = &kTypeTag<Member>;
    field.enter = [](void* object) -> void* { return &Where::at(object); };
    field.count = [](const void*) { return std::size_t{1}; };
    field.item = [](const void* object, std::size_t) -> const void* { return &Where::at(object); };
  }
  return field;
}

/// The same, but there is something to write down only while kHas(object).
template <auto kHas, auto... kMembers>
constexpr Field only_if() {
  using Owner = typename Chain<kMembers...>::Owner;
  Field field = at<kMembers...>();
  if constexpr (Scalar<typename Chain<kMembers...>::Member>) {
    field.read = [](const void* object) -> std::optional<ParsedValue> {
      if (!kHas(*static_cast<const Owner*>(object))) return std::nullopt;
      return at<kMembers...>().read(object);
    };
  } else {
    field.count = [](const void* object) {
      return kHas(*static_cast<const Owner*>(object)) ? at<kMembers...>().count(object) : std::size_t{0};
    };
  }
  return field;
}

/// One of several keys that say what the object is: the value is kept in kMembers, and that it was this key in kKind.
template <auto kKind, auto kIs, auto... kMembers>
constexpr Field when() {
  using Owner = typename Chain<kMembers...>::Owner;
  constexpr auto kIsIt = [](const Owner& object) { return object.*kKind == kIs; };
  Field field = only_if<kIsIt, kMembers...>();
  field.store = [](void* object, const ParsedValue& value) {
    static_cast<Owner*>(object)->*kKind = kIs;
    at<kMembers...>().store(object, value);
  };
  return field;
}

/// A choice between two, kept as a flag: whether it is the one with this index.
template <auto kMember, std::size_t kIndex>
constexpr Field chosen() {
  using Where = Chain<kMember>;
  Field field = at<kMember>();
  field.store = [](void* object, const ParsedValue& value) { Where::at(object) = value.choice == kIndex; };
  field.read = [](const void* object) -> std::optional<ParsedValue> {
    return ParsedValue{.choice = Where::at(object) ? kIndex : 1 - kIndex};
  };
  return field;
}

/// A secret, and where it was read from: only that is ever read back.
template <auto kSecret, auto kFrom>
constexpr Field secret() {
  Field field = at<kSecret>();
  field.store = [](void* object, const ParsedValue& value) {
    Chain<kSecret>::at(object) = value.text;
    Chain<kFrom>::at(object) = value.source;
  };
  field.read = [](const void* object) -> std::optional<ParsedValue> {
    return ParsedValue{.source = Chain<kFrom>::at(object)};
  };
  return field;
}

/// What no single member says. L has an Owner, store(Owner&, value) and read(owner); same(a, b) where a change is told
/// by this key.
template <typename L>
constexpr Field by() {
  using Owner = typename L::Owner;
  Field field;
  field.owner = &kTypeTag<Owner>;
  field.store = [](void* object, const ParsedValue& value) { L::store(*static_cast<Owner*>(object), value); };
  field.read = [](const void* object) -> std::optional<ParsedValue> {
    return L::read(*static_cast<const Owner*>(object));
  };
  if constexpr (requires(const Owner& object) { L::same(object, object); }) {
    field.same = [](const void* a, const void* b) {
      return L::same(*static_cast<const Owner*>(a), *static_cast<const Owner*>(b));
    };
  }
  return field;
}

/// A table whose keys belong to the object around it. L has an Owner, enter(Owner&) and is_there(owner).
template <typename L>
constexpr Field table_by() {
  using Owner = typename L::Owner;
  Field field;
  field.owner = &kTypeTag<Owner>;
  field.fills = field.owner;
  field.enter = [](void* object) -> void* {
    L::enter(*static_cast<Owner*>(object));
    return object;
  };
  field.count = [](const void* object) { return std::size_t{L::is_there(*static_cast<const Owner*>(object))}; };
  field.item = [](const void* object, std::size_t) { return object; };
  return field;
}

}  // namespace hf::config::file
