// EventText: the value of an event's field, and what may become one. Numbers are told in decimal, truth as "yes" or
// "no", times as "12ms".
//
// Owner: the event that is being made. Thread: any (plain values).
// Invariants:
//   1. An EventText cannot be left out: it has no default, so that an event without one of its fields does not compile.
//   2. An OptionalEventText that nobody gave is not sent; the words of its event say when that is.
#pragma once

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace hf {

/// What is told as a decimal number. Not char, which is a letter.
template <class T>
concept EventNumber = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

class EventText {
 public:
  EventText(std::string text) : text_(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  EventText(std::string_view text) : text_(text) {}        // NOLINT(google-explicit-constructor)
  EventText(const char* text) : text_(text) {}             // NOLINT(google-explicit-constructor)
  template <std::same_as<bool> T>                          // and nothing that turns into one, as pointers do
  EventText(T yes) : text_(yes ? "yes" : "no") {}          // NOLINT(google-explicit-constructor)
  template <EventNumber T>
  EventText(T number) : text_(std::to_string(number)) {}  // NOLINT(google-explicit-constructor)
  template <class Rep, class Period>
  EventText(std::chrono::duration<Rep, Period> duration)  // NOLINT(google-explicit-constructor)
      : text_(std::to_string(std::chrono::duration_cast<Millis>(duration).count()) + "ms") {}

  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

class OptionalEventText {
 public:
  OptionalEventText() = default;
  template <class T>
    requires std::convertible_to<T, EventText>
  OptionalEventText(T&& text) : text_(std::forward<T>(text)) {}  // NOLINT(google-explicit-constructor)

  bool given() const { return text_.has_value(); }
  /// Only when given().
  std::string take() && { return std::move(*text_).take(); }

 private:
  std::optional<EventText> text_;
};

}  // namespace hf
