#include "admin/exposition.h"

#include <cstdio>

namespace hf::admin {

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  out_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " + std::string(type) + "\n";
}

void Exposition::sample(Labels labels, std::string_view value, std::string_view suffix) {
  out_ += name_;
  out_ += suffix;
  bool first = true;
  for (const auto& [label, text] : labels) {
    out_ += first ? "{" : ",";
    first = false;
    out_ += std::string(label) + "=\"";
    append_label(text);
    out_ += '"';
  }
  if (!first) out_ += '}';
  out_ += " ";
  out_ += value;
  out_ += '\n';
}

void Exposition::append_label(std::string_view text) {
  for (const char c : text) {
    if (c == '\\' || c == '"') out_ += '\\';
    if (c == '\n') {
      out_ += "\\n";
    } else {
      out_ += c;
    }
  }
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

double seconds(Nanos duration) { return static_cast<double>(duration.count()) / 1e9; }

std::string flag(bool value) { return value ? "1" : "0"; }

}  // namespace hf::admin
