// Writer and Reader: the two directions of one description. `fields(archive, value)` of message_fields.h names the
// fields of a struct once; the archive writes or reads them in that order, so that the two cannot drift apart.
//
//   integers, enumerations, times   little-endian, fixed width; bool is 0 or 1
//   text and lists                  a count of 2 bytes, then what is counted
//   IpAddress                       a count of 1 byte, 4 or 16, then the address
//   optional                        a bool, then the value if there is one
//
// Owner: encode and decode. Thread: any.
// Invariants:
//   1. Each value has one form: what Reader takes, Writer writes again byte for byte.
//   2. Reader never reads past the end and allocates no more than a constant times the bytes that it was given.
//   3. The first thing wrong is kept, all that follows is skipped. Writer refuses what Reader would refuse.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/event.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "guardian/known_values.h"
#include "guardian/messages.h"

namespace hf::guardian {

/// T or const T: fields() is instantiated with const for Writer, without for Reader.
template <class M, class T>
concept Like = std::same_as<std::remove_const_t<M>, T>;
template <class E>
concept Enumeration = std::is_enum_v<E>;
/// A struct that has fields().
template <class T>
concept Described = std::is_class_v<T>;
template <class T>
concept Octet = std::integral<T> && sizeof(T) == 1;

/// Marks text that may be as long as kLongestLongText.
template <class Text>
struct LongText {
  Text& text;
};

/// The type of this number; nullptr where it is none that the guardian tells of.
const EventType* find_event_type(EventId id);

class Writer {
 public:
  template <class... Fields>
  void operator()(const Fields&... fields) {
    (write(fields), ...);
  }
  template <class List, class WriteItem>
  void list(const List& items, WriteItem write_item) {
    if (items.size() > kLongestList) return refuse("a list of more than 1024");
    write(static_cast<std::uint16_t>(items.size()));
    for (const auto& item : items) write_item(item);
  }
  template <class T>
  void within(const T& value, T least, T most) {
    if (value < least || value > most) refuse("a number out of range");
    write(value);
  }
  void event_type(const EventType* type) {
    if (find_event_type(type->id) != type) refuse("an event that is not the guardian's");
    write(static_cast<std::uint16_t>(type->id));
  }
  void field_name(const EventType& type, std::string_view name) {
    if (find_field(type, name).empty()) refuse("an event with a field that is not its own");
    write_text(name, kLongestText);
  }

  const std::string& bytes() const { return bytes_; }
  /// What was wrong, empty when nothing.
  std::string_view refused() const { return refused_; }

 private:
  void refuse(std::string_view why) {
    if (refused_.empty()) refused_ = why;
  }
  void write_text(std::string_view text, std::size_t longest) {
    if (text.size() > longest) return refuse("a text that is too long");
    write(static_cast<std::uint16_t>(text.size()));
    bytes_ += text;
  }

  template <std::integral T>
  void write(const T& value) {
    append_le(bytes_, static_cast<std::uint64_t>(value), sizeof(T));
  }
  template <Enumeration E>
  void write(const E& value) {
    if (!known(value)) refuse("a value that is none of its kind");
    write(static_cast<std::underlying_type_t<E>>(value));
  }
  void write(const Nanos& value) { write(std::int64_t{value.count()}); }
  void write(const TimePoint& value) { write(value.nanos); }
  void write(const std::string& text) { write_text(text, kLongestText); }
  template <class Text>
  void write(const LongText<Text>& marked) {
    write_text(marked.text, kLongestLongText);
  }
  template <Octet T, std::size_t N>
  void write(const std::array<T, N>& octets) {
    for (const T octet : octets) bytes_.push_back(static_cast<char>(octet));
  }
  void write(const IpAddress& address) {
    write(static_cast<std::uint8_t>(address.bytes().size()));
    bytes_ += address.bytes();
  }
  template <class T>
  void write(const std::optional<T>& value) {
    write(value.has_value());
    if (value) write(*value);
  }
  template <class T>
  void write(const std::vector<T>& items) {
    list(items, [this](const T& item) { write(item); });
  }
  template <Described T>
  void write(const T& value) {
    fields(*this, value);
  }

  std::string bytes_;
  std::string_view refused_;
};

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  template <class... Fields>
  void operator()(Fields&&... fields) {
    (read(fields), ...);
  }
  template <class List, class ReadItem>
  void list(List& items, ReadItem read_item) {
    const std::uint64_t count = number(2);
    if (count > kLongestList || count > rest_.size()) return refuse("a list that is too long");
    for (std::uint64_t i = 0; i < count && refused_.empty(); ++i) read_item(items.emplace_back());
  }
  template <class T>
  void within(T& value, T least, T most) {
    read(value);
    if (value < least || value > most) refuse("a number out of range");
  }
  void event_type(const EventType*& type) {
    const EventType* found = find_event_type(EventId{static_cast<std::uint16_t>(number(2))});
    if (found == nullptr) return refuse("an event that is not the guardian's");
    type = found;
  }
  void field_name(const EventType& type, std::string_view& name) {
    name = find_field(type, take(static_cast<std::size_t>(number(2))));
    if (name.empty()) refuse("an event with a field that is not its own");
  }

  /// What was wrong, empty when nothing.
  std::string_view refused() const { return refused_; }
  bool at_end() const { return rest_.empty(); }

 private:
  void refuse(std::string_view why) {
    if (refused_.empty()) refused_ = why;
    rest_ = {};
  }
  ByteView take(std::size_t count) {
    if (count > rest_.size()) {
      refuse("it ends too early");
      return {};
    }
    const ByteView taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint64_t number(std::size_t width) {
    const ByteView taken = take(width);
    return taken.empty() ? 0 : load_le(taken, 0, width);
  }
  void read_text(std::string& text, std::size_t longest) {
    const auto length = static_cast<std::size_t>(number(2));
    if (length > longest) return refuse("a text that is too long");
    text = take(length);
  }

  template <std::integral T>
  void read(T& value) {
    value = static_cast<T>(number(sizeof(T)));
  }
  void read(bool& value) {
    const std::uint64_t got = number(1);
    if (got > 1) refuse("a truth value that is neither 0 nor 1");
    value = got == 1;
  }
  template <Enumeration E>
  void read(E& value) {
    const E got{static_cast<std::underlying_type_t<E>>(number(sizeof(E)))};
    if (!known(got)) return refuse("a value that is none of its kind");
    value = got;
  }
  void read(Nanos& value) { value = Nanos{static_cast<std::int64_t>(number(8))}; }
  void read(TimePoint& value) { read(value.nanos); }
  void read(std::string& text) { read_text(text, kLongestText); }
  template <class Text>
  void read(LongText<Text>& marked) {
    read_text(marked.text, kLongestLongText);
  }
  template <Octet T, std::size_t N>
  void read(std::array<T, N>& octets) {
    const ByteView taken = take(N);
    for (std::size_t i = 0; i < taken.size(); ++i) octets[i] = static_cast<T>(taken[i]);
  }
  void read(IpAddress& address) {
    const auto got = IpAddress::from_bytes(take(static_cast<std::size_t>(number(1))));
    if (!got) return refuse("an address that is neither IPv4 nor IPv6");
    address = *got;
  }
  template <class T>
  void read(std::optional<T>& value) {
    bool present = false;
    read(present);
    if (present) read(value.emplace());
  }
  template <class T>
  void read(std::vector<T>& items) {
    list(items, [this](T& item) { read(item); });
  }
  template <Described T>
  void read(T& value) {
    fields(*this, value);
  }

  ByteView rest_;
  std::string_view refused_;
};

}  // namespace hf::guardian
