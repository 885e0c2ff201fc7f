#include "config/notify_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "config/findings.h"
#include "config/spelling.h"

namespace hf::config {

namespace {

class NotifyRules : private Findings {
 public:
  explicit NotifyRules(ReadResult& result) : Findings(result), config_(result.config) {}

  void run() {
    for (std::size_t i = 0; i < config_.notifies.size(); ++i) {
      const Notify& notify = config_.notifies[i];
      const std::string place = fmt::format("notify[{}]", i);
      check_vips_of(notify, place);
      if (!good(fmt::format("{}.{}", place, key_of(notify.kind)))) continue;
      check_keys(notify, place);
      check_mail(notify, place);
      check_twice(i);
    }
  }

 private:
  static std::string_view key_of(NotifyKind kind) {
    switch (kind) {
      case NotifyKind::kFifo: return "fifo";
      case NotifyKind::kSocket: return "socket";
      case NotifyKind::kSmtp: return "smtp";
      case NotifyKind::kWebhook: return "webhook";
    }
    return {};
  }

  void check_vips_of(const Notify& notify, const std::string& place) {
    std::vector<std::string_view> known;
    for (const Vip& vip : config_.vips) known.push_back(vip.name);
    for (const std::string& name : notify.vips) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string_view near = nearest(name, known);
      error(at(place + ".vips"), fmt::format("vips holds {}", quoted(name)), "there is no [[vip]] of this name",
            near.empty() ? "correct the name or leave it out" : fmt::format("did you mean \"{}\"?", near));
    }
    if (config_.vips.empty()) {
      warning(at(place), "[[notify]] without a [[vip]]", "nothing ever happens that it tells", "add a [[vip]] or remove it");
    }
  }

  void check_keys(const Notify& notify, const std::string& place) {
    const auto only_for = [&](NotifyKind kind, std::initializer_list<std::string_view> keys) {
      if (notify.kind == kind) return;
      for (const std::string_view key : keys) {
        if (!written(fmt::format("{}.{}", place, key))) continue;
        error(at(fmt::format("{}.{}", place, key)), fmt::format("{} besides {}", key, key_of(notify.kind)),
              fmt::format("only {} has it", key_of(kind)), "remove it");
      }
    };
    only_for(NotifyKind::kSmtp, {"from", "to"});
    only_for(NotifyKind::kWebhook, {"token_file", "token_env"});
  }

  /// What could end the command of SMTP that it stands in, or is no address at all.
  static bool is_mail_address(std::string_view text) {
    const auto refused = [](unsigned char c) { return c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == ',' || c == ';' || c == '"'; };
    const std::size_t at_sign = text.find('@');
    const bool parted = at_sign != std::string_view::npos && at_sign > 0 && at_sign + 1 < text.size() && text.find('@', at_sign + 1) == std::string_view::npos;
    return parted && text.size() <= 254 && std::none_of(text.begin(), text.end(), refused);
  }

  void check_mail(const Notify& notify, const std::string& place) {
    if (notify.kind != NotifyKind::kSmtp) return;
    if (!written(place + ".from")) error(at(place), "from is missing", "a mail has a sender", "add from = \"holdfast@example.org\"");
    if (notify.to.empty() && !bad(place + ".to")) error(at(place + ".to"), "to is missing", "nobody would get the mail", "add to = [\"ops@example.org\"]");
    const auto check = [&](std::string_view key, const std::string& address) {
      if (address.empty() || is_mail_address(address)) return;
      error(at(fmt::format("{}.{}", place, key)), fmt::format("{} is {}", key, quoted(address)), "it is not a mail address",
            "write name@domain alone, without <> and blanks");
    };
    check("from", notify.from);
    for (const std::string& address : notify.to) check("to", address);
  }

  static std::string identity(const Notify& notify) {
    return fmt::format("{} {}{}", key_of(notify.kind), notify.path, notify.kind == NotifyKind::kWebhook ? notify.url : std::string());
  }

  void check_twice(std::size_t index) {
    const Notify& notify = config_.notifies[index];
    if (notify.kind == NotifyKind::kSmtp) return;  // two mails through one server are two receivers
    for (std::size_t i = 0; i < index; ++i) {
      if (identity(config_.notifies[i]) != identity(notify)) continue;
      const std::string key(key_of(notify.kind));
      warning(at(fmt::format("notify[{}].{}", index, key)), fmt::format("{} is there twice", key),
              fmt::format("the first one is at line {}, it would be told of everything twice", at(fmt::format("notify[{}].{}", i, key)).line),
              "make one of them with the vips of both");
      return;
    }
  }

  const Config& config_;
};

}  // namespace

void check_notifies(ReadResult& result) { NotifyRules(result).run(); }

}  // namespace hf::config
