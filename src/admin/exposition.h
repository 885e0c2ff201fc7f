// Exposition: the text format of Prometheus (0.0.4) in the making.
//
// Owner: one rendering. Thread: its own.
// Invariants:
//   1. A label's value may hold any bytes; a sample stays one line.
//   2. Samples belong to the family declared last.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace hf::admin {

class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// `type` is "gauge", "counter" or "histogram".
  void family(std::string_view name, std::string_view type, std::string_view help);
  /// `suffix` is appended to the family's name, as histograms need it.
  void sample(Labels labels, std::string_view value, std::string_view suffix = {});
  std::string take() { return std::move(out_); }

 private:
  void append_label(std::string_view text);

  std::string name_;
  std::string out_;
};

std::string number(double value);
double seconds(Nanos duration);
/// "1" or "0".
std::string flag(bool value);

}  // namespace hf::admin
