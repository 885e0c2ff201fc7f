#include "config/file/values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "config/file/address.h"
#include "config/file/spelling.h"
#include "config/file/units.h"
#include "config/file/network_values.h"

namespace hf::config::file {

namespace {

using Outcome = std::variant<ParsedValue, Complaint>;
using Type = Value::Type;

constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestSocketPath = 107;  // sockaddr_un, without the final zero
constexpr std::size_t kLongestText = 4096;

bool in_range(const Key& key, std::int64_t number) { return number >= key.min && number <= key.max; }

Complaint out_of_range(const Key& key, const Value& value) {
  return complaint(key, value, fmt::format("the range is {}", range_in_words(key)));
}

Outcome parse_count(const Key& key, const Value& value) {
  if (!value.is(Type::kInteger)) return complaint(key, value, "a whole number without quotes is expected");
  if (!in_range(key, value.integer)) return out_of_range(key, value);
  ParsedValue parsed;
  parsed.number = value.integer;
  return parsed;
}

Outcome parse_flag(const Key& key, const Value& value) {
  if (!value.is(Type::kFlag)) return complaint(key, value, "true or false without quotes is expected");
  ParsedValue parsed;
  parsed.flag = value.flag;
  return parsed;
}

Outcome parse_duration_value(const Key& key, const Value& value) {
  if (value.is(Type::kInteger) || value.is(Type::kFloat)) {
    const std::string number = value.is(Type::kInteger) && value.integer >= 0 ? value.shown() : "5";
    return complaint(key, value, "a duration needs a unit", fmt::format("write \"{}s\" or \"{}ms\"", number, number));
  }
  if (!value.is(Type::kText)) return complaint(key, value, "a duration in quotes is expected");
  const Result<Nanos> duration = parse_duration(value.text);
  if (!duration.ok()) return complaint(key, value, duration.error().context);
  if (!in_range(key, duration->count())) return out_of_range(key, value);
  ParsedValue parsed;
  parsed.duration = *duration;
  return parsed;
}

Outcome parse_size_value(const Key& key, const Value& value) {
  if (value.is(Type::kInteger) || value.is(Type::kFloat)) {
    const std::string number = value.is(Type::kInteger) && value.integer >= 0 ? value.shown() : "64";
    return complaint(key, value, "a size needs a unit", fmt::format("write \"{}B\" or \"{}KiB\"", number, number));
  }
  if (!value.is(Type::kText)) return complaint(key, value, "a size in quotes is expected");
  const Result<std::uint64_t> size = parse_size(value.text);
  if (!size.ok()) return complaint(key, value, size.error().context);
  ParsedValue parsed;
  parsed.number = static_cast<std::int64_t>(*size);
  if (!in_range(key, parsed.number)) return out_of_range(key, value);
  return parsed;
}

Outcome parse_choice(const Key& key, const Value& value) {
  const std::string why = fmt::format("the choice is {}", fmt::join(key.choices, ", "));
  if (!value.is(Type::kText)) return complaint(key, value, why);
  const auto found = std::find(key.choices.begin(), key.choices.end(), value.text);
  if (found != key.choices.end()) {
    ParsedValue parsed;
    parsed.text = value.text;
    parsed.choice = static_cast<std::size_t>(found - key.choices.begin());
    return parsed;
  }
  if (std::find(key.later_choices.begin(), key.later_choices.end(), value.text) != key.later_choices.end()) {
    return complaint(key, value, "not available in this version",
                     fmt::format("the choice is {}", fmt::join(key.choices, ", ")));
  }
  const std::string_view near = nearest(value.text, key.choices);
  if (near.empty()) return complaint(key, value, why);
  return complaint(key, value, why, fmt::format("did you mean \"{}\"?", near));
}

std::string resolved(const std::string& path, const std::string& folder) {
  return path.starts_with('/') || folder.empty()
             ? path
             : fmt::format("{}{}{}", folder, folder.ends_with('/') ? "" : "/", path);
}

Outcome parse_listen_address(const Key& key, const Value& value) {
  const Result<Endpoint> endpoint = parse_endpoint(value.text);
  const std::string remedy = "write \"127.0.0.1:port\", \"0.0.0.0:port\" or \"[::]:port\"";
  if (!endpoint.ok()) return complaint(key, value, endpoint.error().context, remedy);
  if (!is_numeric(*endpoint)) return complaint(key, value, "a listener needs an address in numbers", remedy);
  ParsedValue parsed;
  parsed.endpoint = *endpoint;
  return parsed;
}

Outcome parse_server_address(const Key& key, const Value& value) {
  const Result<Endpoint> endpoint = parse_endpoint(value.text);
  if (!endpoint.ok()) return complaint(key, value, endpoint.error().context);
  if (endpoint->port == 0) return complaint(key, value, "a server cannot listen at port 0");
  if (is_wildcard(*endpoint)) return complaint(key, value, "a server needs an address of its own");
  ParsedValue parsed;
  parsed.endpoint = *endpoint;
  return parsed;
}

Outcome parse_socket_path(const Key& key, const Value& value, const std::string& folder) {
  ParsedValue parsed;
  parsed.text = resolved(value.text, folder);
  parsed.endpoint.unix_path = parsed.text;
  if (parsed.text.size() > kLongestSocketPath) {
    return complaint(key, value, fmt::format("the path of a Unix socket has at most {} bytes", kLongestSocketPath),
                     "write a shorter path");
  }
  return parsed;
}

Outcome parse_name(const Key& key, const Value& value) {
  if (!is_name(value.text)) return complaint(key, value, kNameRule);
  ParsedValue parsed;
  parsed.text = value.text;
  return parsed;
}

Outcome parse_networks(const Key& key, const Value& value) {
  if (!value.is(Type::kList)) return complaint(key, value, "a list of networks is expected");
  ParsedValue parsed;
  for (const Value& item : value.items) {
    if (!item.is(Type::kText)) return element_complaint(key, item, "a network is a text in quotes");
    Result<Network> network = parse_network(item.text);
    if (!network.ok()) return element_complaint(key, item, network.error().context);
    parsed.networks.push_back(*std::move(network));
  }
  return parsed;
}

/// The kinds that are written as a text in quotes.
Outcome parse_textual(const Key& key, const Value& value, const std::string& folder) {
  if (const char* reason = no_good_text(value)) return complaint(key, value, reason);
  ParsedValue parsed;
  if (key.may_be_off && value.text == "off") return parsed;
  switch (key.kind) {
    case Kind::kName: return parse_name(key, value);
    case Kind::kListenAddress: return parse_listen_address(key, value);
    case Kind::kServerAddress: return parse_server_address(key, value);
    case Kind::kSocketPath: return parse_socket_path(key, value, folder);
    case Kind::kInterface:
    case Kind::kIp:
    case Kind::kHostAddress:
    case Kind::kNumericAddress:
    case Kind::kUrl: return parse_network_text(key, value);
    case Kind::kPath:
    case Kind::kSecretFile: parsed.text = resolved(value.text, folder); return parsed;
    default: parsed.text = value.text; return parsed;
  }
}

}  // namespace

Complaint complaint(const Key& key, const Value& value, std::string why, std::string remedy) {
  return Complaint{fmt::format("{} = {}", key.leaf(), value.shown()), std::move(why), std::move(remedy)};
}

Complaint complaint(const Key& key, const Value& value, std::string why) {
  return complaint(key, value, std::move(why), fmt::format("write for example {} = {}", key.leaf(), sample_value(key)));
}

Complaint element_complaint(const Key& key, const Value& item, std::string why) {
  return Complaint{fmt::format("{} holds {}", key.leaf(), item.shown()), std::move(why),
                   fmt::format("write for example {} = {}", key.leaf(), sample_value(key)), item.at};
}

bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !text.empty() && text.size() <= kLongestName && std::all_of(text.begin(), text.end(), allowed);
}

const char* no_good_text(const Value& value) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (!value.is(Type::kText)) return "a text in quotes is expected";
  if (value.text.empty()) return "it must not be empty";
  if (value.text.size() > kLongestText) return "it is longer than 4096 bytes";
  return std::any_of(value.text.begin(), value.text.end(), is_control) ? "it holds a control character" : nullptr;
}

std::variant<ParsedValue, Complaint> parse_value(const Key& key, const Value& value, const std::string& folder) {
  switch (key.kind) {
    case Kind::kCount: return parse_count(key, value);
    case Kind::kFlag: return parse_flag(key, value);
    case Kind::kDuration: return parse_duration_value(key, value);
    case Kind::kSize: return parse_size_value(key, value);
    case Kind::kChoice: return parse_choice(key, value);
    case Kind::kNetworks: return parse_networks(key, value);
    case Kind::kWeight: return parse_weight(key, value);
    case Kind::kIps:
    case Kind::kNames:
    case Kind::kTexts: return parse_text_list(key, value);
    default: return parse_textual(key, value, folder);
  }
}

Value fallback_value(const Key& key) {
  const std::string_view text = key.fallback;
  Value value;
  if (text.starts_with('"')) {
    value.type = Type::kText;
    value.text = text.substr(1, text.size() - 2);
  } else if (text == "[]") {
    value.type = Type::kList;
  } else if (text == "true" || text == "false") {
    value.type = Type::kFlag;
    value.flag = text == "true";
  } else {
    value.type = Type::kInteger;
    std::from_chars(text.data(), text.data() + text.size(), value.integer);
  }
  return value;
}

std::string sample_value(const Key& key) {
  if (!key.sample.empty()) return std::string(key.sample);
  if (!key.fallback.empty() && key.fallback != "[]") return std::string(key.fallback);
  switch (key.kind) {
    case Kind::kCount: return fmt::format("{}", key.min);
    case Kind::kFlag: return "true";
    case Kind::kDuration: return "\"1s\"";
    case Kind::kSize: return "\"64KiB\"";
    case Kind::kChoice: return fmt::format("\"{}\"", key.choices.front());
    case Kind::kServerAddress: return "\"10.0.0.1:3306\"";
    case Kind::kListenAddress: return "\"127.0.0.1:3306\"";
    case Kind::kSocketPath: return "\"/run/holdfast/service.sock\"";
    case Kind::kNetworks: return "[\"10.0.0.0/8\"]";
    case Kind::kInterface: return "\"eth1\"";
    case Kind::kIp: return "\"198.18.0.1\"";
    case Kind::kIps: return "[\"198.18.0.2\"]";
    case Kind::kHostAddress: return "\"198.18.0.100/24\"";
    case Kind::kNumericAddress: return "\"198.18.0.9:22\"";
    case Kind::kUrl: return "\"http://127.0.0.1:8080/vip\"";
    case Kind::kWeight: return "-20";
    case Kind::kCommand: return "\"/etc/holdfast/check.sh\"";
    case Kind::kNames: return "[\"db\"]";
    case Kind::kTexts: return "[\"app\"]";
    case Kind::kTableList: return key.shorthand.empty() ? "[ { … } ]" : "[\"127.0.0.1:3306\"]";
    case Kind::kTable: return "{ … }";
    case Kind::kName: return "\"orders\"";
    case Kind::kSecretFile:
    case Kind::kPath: return "\"/etc/holdfast/file\"";
    case Kind::kSecretVariable: return "\"HOLDFAST_SECRET\"";
    default: return "\"app\"";
  }
}

std::string range_in_words(const Key& key) {
  const auto shown = [&key](std::int64_t number) {
    if (key.kind == Kind::kDuration) return format_duration(Nanos{number});
    if (key.kind == Kind::kSize) return format_size(static_cast<std::uint64_t>(number));
    return fmt::format("{}", number);
  };
  return fmt::format("{} to {}", shown(key.min), shown(key.max));
}

}  // namespace hf::config::file
