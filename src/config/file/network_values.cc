#include "config/file/network_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/file/address.h"
#include "config/file/values.h"

namespace hf::config::file {

namespace {

using Outcome = std::variant<ParsedValue, Complaint>;
using Type = Value::Type;

constexpr std::size_t kLongestInterface = 15;  // IFNAMSIZ, without the final zero
constexpr std::size_t kLongestList = 255;

Outcome parse_interface(const Key& key, const Value& value) {
  if (const char* reason = no_interface_name(value.text)) return complaint(key, value, reason);
  ParsedValue parsed;
  parsed.text = value.text;
  return parsed;
}

Outcome parse_ip_value(const Key& key, const Value& value) {
  const Result<IpAddress> address = parse_ip(value.text);
  if (!address.ok()) return complaint(key, value, address.error().context);
  if (address->is_unspecified()) return complaint(key, value, "it stands for no address");
  ParsedValue parsed;
  parsed.ips.push_back(*address);
  return parsed;
}

Outcome parse_host_address_value(const Key& key, const Value& value) {
  const Result<HostAddress> address = parse_host_address(value.text);
  if (!address.ok()) return complaint(key, value, address.error().context);
  ParsedValue parsed;
  parsed.ips.push_back(address->address);
  parsed.prefix_length = address->prefix_length;
  return parsed;
}

Outcome parse_numeric_address(const Key& key, const Value& value) {
  Result<Endpoint> endpoint = parse_endpoint(value.text);
  if (!endpoint.ok()) return complaint(key, value, endpoint.error().context);
  if (endpoint->port == 0) return complaint(key, value, "nobody listens at port 0");
  const Result<IpAddress> address = parse_ip(endpoint->host);
  if (!address.ok()) return complaint(key, value, "no resolver is asked here, so a name cannot be used");
  if (address->is_unspecified()) return complaint(key, value, "it stands for no address");
  ParsedValue parsed;
  parsed.endpoint = *std::move(endpoint);
  parsed.ips.push_back(*address);
  return parsed;
}

/// Without what may be a secret in the URL: a login, or what stands behind the "?".
Complaint url_complaint(const Key& key, const Value& value, std::string why, std::string remedy) {
  const bool has_login = value.text.find('@') != std::string::npos;
  const std::string shown = has_login ? "a URL with an @" : quoted(value.text.substr(0, value.text.find('?')));
  return Complaint{fmt::format("{} = {}", key.leaf(), shown), std::move(why), std::move(remedy)};
}

Outcome parse_url(const Key& key, const Value& value) {
  Result<HttpUrl> url = parse_http_url(value.text);
  if (!url.ok()) {
    return url_complaint(key, value, url.error().context,
                         fmt::format("write for example {} = {}", key.leaf(), sample_value(key)));
  }
  if (value.text.find('?') != std::string::npos) {
    return url_complaint(
        key, value, "what stands behind its ? may be a secret, and secrets come from a file or from the environment",
        fmt::format("use {0}_file or {0}_env", key.leaf()));
  }
  ParsedValue parsed;
  parsed.text = value.text;
  parsed.endpoint = std::move(url->server);
  parsed.url_path = std::move(url->path);
  return parsed;
}

/// One element of a list into `parsed`; the reason why not, or "".
std::string take_element(const Key& key, const Value& item, ParsedValue& parsed) {
  if (const char* reason = no_good_text(item)) return reason;
  if (key.kind != Kind::kIps) {
    if (key.kind == Kind::kNames && !is_name(item.text)) return kNameRule;
    parsed.texts.push_back(item.text);
    return {};
  }
  const Result<IpAddress> address = parse_ip(item.text);
  if (!address.ok()) return address.error().context;
  if (address->is_unspecified()) return "it stands for no address";
  if (address->is_multicast()) return "it is a multicast address";
  if (std::find(parsed.ips.begin(), parsed.ips.end(), *address) != parsed.ips.end()) return "it is there twice";
  parsed.ips.push_back(*address);
  return {};
}

}  // namespace

const char* no_interface_name(std::string_view text) {
  if (text.empty() || text.size() > kLongestInterface) return "the name of an interface has 1 to 15 bytes";
  if (text == "." || text == "..") return "no interface has this name";
  if (text.find(':') != std::string_view::npos) return "an alias is not an interface, it is the label of an address";
  const auto refused = [](unsigned char c) { return c <= ' ' || c >= 0x7f || c == '/'; };
  return std::any_of(text.begin(), text.end(), refused)
             ? "the name of an interface has no blank, no slash and no letter beyond ASCII"
             : nullptr;
}

Outcome parse_weight(const Key& key, const Value& value) {
  ParsedValue parsed;
  parsed.flag = value.is(Type::kText) && value.text == "release";
  if (parsed.flag) return parsed;
  if (!value.is(Type::kInteger)) {
    return complaint(key, value, "\"release\" or a whole number without quotes is expected");
  }
  if (value.integer < key.min || value.integer > key.max) {
    return complaint(key, value, fmt::format("the range is {}", range_in_words(key)));
  }
  parsed.number = value.integer;
  return parsed;
}

Outcome parse_network_text(const Key& key, const Value& value) {
  switch (key.kind) {
    case Kind::kInterface: return parse_interface(key, value);
    case Kind::kIp: return parse_ip_value(key, value);
    case Kind::kHostAddress: return parse_host_address_value(key, value);
    case Kind::kNumericAddress: return parse_numeric_address(key, value);
    default: return parse_url(key, value);
  }
}

Outcome parse_text_list(const Key& key, const Value& value) {
  if (!value.is(Type::kList)) return complaint(key, value, "a list is expected");
  if (value.items.size() > kLongestList) return complaint(key, value, "it has more than 255 elements");
  if (value.items.empty() && key.required) return complaint(key, value, "at least one is needed");
  ParsedValue parsed;
  for (const Value& item : value.items) {
    std::string reason = take_element(key, item, parsed);
    if (!reason.empty()) return element_complaint(key, item, std::move(reason));
  }
  return parsed;
}

}  // namespace hf::config::file
