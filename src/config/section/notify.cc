#include "config/section/notify.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/event_pattern.h"
#include "config/file/findings.h"
#include "config/file/key.h"
#include "config/file/spelling.h"
#include "config/section/vip.h"

namespace hf::config::section {

namespace {

using file::at;
using file::by;
using file::Key;
using file::Kind;
using file::ns;
using file::ParsedValue;
using file::secret;
using file::when;

struct Webhook {
  using Owner = Notify;
  static void store(Notify& notify, const ParsedValue& value) {
    notify.kind = NotifyKind::kWebhook;
    notify.server = value.endpoint;
    notify.url = value.text;
    notify.url_path = value.url_path;
  }
  static std::optional<ParsedValue> read(const Notify& notify) {
    if (notify.kind != NotifyKind::kWebhook || !notify.url_from.empty()) return std::nullopt;
    return ParsedValue{.text = notify.url};
  }
};

bool is_command(const Notify& notify) { return notify.kind == NotifyKind::kCommand; }

/// A program is one word while the file is read; fill_in splits it.
struct Program {
  using Owner = Notify;
  static void store(Notify& notify, const ParsedValue& value) {
    notify.kind = NotifyKind::kCommand;
    notify.command.command = {value.text};
  }
  static std::optional<ParsedValue> read(const Notify& notify) {
    if (!is_command(notify)) return std::nullopt;
    return ParsedValue{.text =
                           runs_in_shell(notify.command) ? shell_text(notify.command) : command_line(notify.command)};
  }
};

struct Shell {
  using Owner = Notify;
  static void store(Notify& notify, const ParsedValue& value) {
    if (value.flag) hand_to_shell(notify.command);
  }
  static std::optional<ParsedValue> read(const Notify& notify) {
    return ParsedValue{.flag = runs_in_shell(notify.command)};
  }
};

constexpr std::string_view kLevels[] = {"info", "warning", "error"};  // in the order of EventLevel

struct Level {
  using Owner = Notify;
  static void store(Notify& notify, const ParsedValue& value) { notify.level = static_cast<EventLevel>(value.choice); }
  static std::optional<ParsedValue> read(const Notify& notify) {
    if (!notify.level) return std::nullopt;
    return ParsedValue{.choice = static_cast<std::size_t>(*notify.level)};
  }
};

/// The URL in a file or a variable. One that is none leaves url_path empty: NotifyRules tells.
struct SecretWebhook {
  using Owner = Notify;
  static void store(Notify& notify, const ParsedValue& value) {
    notify.kind = NotifyKind::kWebhook;
    notify.url = value.text;
    notify.url_from = value.source;
    Result<file::HttpUrl> url = file::parse_http_url(value.text);
    if (!url.ok()) return;
    notify.server = std::move(url->server);
    notify.url_path = std::move(url->path);
  }
  static std::optional<ParsedValue> read(const Notify& notify) { return ParsedValue{.source = notify.url_from}; }
};

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "notify.name", .kind = Kind::kName, .doc = "What the receiver is called in the log, unique in the file.", .sample = "\"ops\"",
     .field = at<&Notify::name>()},
    {.path = "notify.events", .kind = Kind::kTexts,
     .doc = "The events that it is told of, by number, x for any digit. With this or level it is told of events instead of the changes of VIPs: docs/notices.md.",
     .fallback = "[]", .sample = "[\"HF-2002\", \"HF-6xxx\"]", .field = at<&Notify::events>()},
    {.path = "notify.level", .kind = Kind::kChoice, .doc = "It is told of every event of this level or above, too.", .sample = "\"error\"", .choices = kLevels,
     .field = by<Level>()},
    {.path = "notify.fifo", .kind = Kind::kPath, .doc = "A FIFO that gets a JSON object a line.", .sample = "\"/run/holdfast/vip.fifo\"", .required = true, .group = "receiver",
     .field = when<&Notify::kind, NotifyKind::kFifo, &Notify::path>()},
    {.path = "notify.socket", .kind = Kind::kSocketPath, .doc = "A Unix stream socket that listens and gets the same.", .required = true, .group = "receiver",
     .field = when<&Notify::kind, NotifyKind::kSocket, &Notify::path>()},
    {.path = "notify.smtp", .kind = Kind::kServerAddress, .doc = "A mail server that takes a mail for each.", .sample = "\"127.0.0.1:25\"", .required = true, .group = "receiver",
     .per_node = true, .field = when<&Notify::kind, NotifyKind::kSmtp, &Notify::server>()},
    {.path = "notify.webhook", .kind = Kind::kUrl, .doc = "A URL that the JSON object is posted to, without \"?\" and what stands behind it.", .required = true, .group = "receiver",
     .per_node = true, .field = by<Webhook>()},
    {.path = "notify.webhook_file", .kind = Kind::kSecretFile, .doc = "A file that holds such a URL: for one that is a secret, or has \"?\" and more.", .required = true, .group = "receiver",
     .per_node = true, .field = by<SecretWebhook>()},
    {.path = "notify.webhook_env", .kind = Kind::kSecretVariable, .doc = "An environment variable that holds such a URL.", .required = true, .group = "receiver", .per_node = true,
     .field = by<SecretWebhook>()},
    {.path = "notify.command", .kind = Kind::kCommand, .doc = "A program by its whole path, and its arguments, which is run for each.",
     .sample = "\"/etc/holdfast/notify.sh\"", .required = true, .group = "receiver", .field = by<Program>()},
    {.path = "notify.user", .kind = Kind::kName, .doc = "Of command: who runs it.", .sample = "\"nobody\"", .fallback_note = "`node.user`",
     .field = at<&Notify::command, &Script::user>()},
    {.path = "notify.shell", .kind = Kind::kFlag, .doc = "Of command: whether /bin/sh runs it, as one line.", .fallback = "false",
     .field = by<Shell>()},
    {.path = "notify.from", .kind = Kind::kText, .doc = "Of smtp: the sender's address.", .sample = "\"holdfast@example.org\"", .per_node = true,
     .field = at<&Notify::from>()},
    {.path = "notify.to", .kind = Kind::kTexts, .doc = "Of smtp: the receivers' addresses.", .sample = "[\"ops@example.org\"]",
     .field = at<&Notify::to>()},
    {.path = "notify.token_file", .kind = Kind::kSecretFile, .doc = "Of webhook: a file that holds a bearer token to send.", .group = "token", .per_node = true,
     .field = secret<&Notify::token, &Notify::token_from>()},
    {.path = "notify.token_env", .kind = Kind::kSecretVariable, .doc = "Of webhook: an environment variable that holds the token.", .group = "token", .per_node = true,
     .field = secret<&Notify::token, &Notify::token_from>()},
    {.path = "notify.token", .kind = Kind::kRefused, .doc = "token_file or token_env"},
    {.path = "notify.vips", .kind = Kind::kNames, .doc = "The VIPs that it is told of; an empty list: all.", .fallback = "[]",
     .field = at<&Notify::vips>()},
    {.path = "notify.timeout", .kind = Kind::kDuration, .doc = "How long one attempt may take.", .fallback = "\"10s\"", .min = ns(100ms), .max = ns(5min),
     .field = at<&Notify::timeout>()},
    {.path = "notify.retries", .kind = Kind::kCount, .doc = "How many more attempts are made, over the network.", .fallback = "3", .min = 0, .max = 100,
     .field = at<&Notify::retries>()},
};
// clang-format on

class NotifyRules : private file::Findings {
 public:
  NotifyRules(const std::vector<Notify>& notifies, const std::vector<Vip>& vips, EventTypes events,
              file::ReadResult& result)
      : Findings(result), notifies_(notifies), vips_(vips), events_(events) {}

  void run() {
    check_names();
    for (std::size_t i = 0; i < notifies_.size(); ++i) {
      const Notify& notify = notifies_[i];
      const std::string place = fmt::format("notify[{}]", i);
      check_vips_of(notify, place);
      check_events_of(notify, place);
      if (!good(fmt::format("{}.{}", place, key_of(notify)))) continue;
      check_url(notify, place);
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
      case NotifyKind::kCommand: return "command";
    }
    return {};
  }

  void check_names() {
    std::vector<std::string> names;
    for (const Notify& notify : notifies_) names.push_back(notify.name);
    check_unique("notify", names, [](std::size_t i) { return fmt::format("notify[{}].name", i); });
  }

  static std::string_view key_of(const Notify& notify) {
    if (!notify.url_from.file.empty()) return "webhook_file";
    return notify.url_from.variable.empty() ? key_of(notify.kind) : "webhook_env";
  }

  /// Without the URL, which is a secret where it was read from elsewhere.
  void check_url(const Notify& notify, const std::string& place) {
    if (notify.kind != NotifyKind::kWebhook) return;
    const Result<file::HttpUrl> url = file::parse_http_url(notify.url);
    if (url.ok()) return;
    const std::string_view key = key_of(notify);
    error(at(fmt::format("{}.{}", place, key)), fmt::format("{} gives no URL that can be used", key),
          url.error().context, "write there for example http://127.0.0.1:8080/vip");
  }

  void check_vips_of(const Notify& notify, const std::string& place) {
    std::vector<std::string_view> known;
    for (const Vip& vip : vips_) known.push_back(vip.name);
    for (const std::string& name : notify.vips) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string_view near = file::nearest(name, known);
      error(at(place + ".vips"), fmt::format("vips holds {}", file::quoted(name)), "there is no [[vip]] of this name",
            near.empty() ? "correct the name or leave it out" : fmt::format("did you mean \"{}\"?", near));
    }
    if (vips_.empty() && !tells_events(notify)) {
      warning(at(place), "[[notify]] without a [[vip]]", "nothing ever happens that it tells",
              "add events or level, or a [[vip]], or remove it");
    }
  }

  void check_events_of(const Notify& notify, const std::string& place) {
    for (const std::string& pattern : notify.events) {
      const auto complain = [&](const char* why, const char* remedy) {
        error(at(place + ".events"), fmt::format("events holds {}", file::quoted(pattern)), why, remedy);
      };
      if (!is_event_pattern(pattern)) {
        complain("an event is HF- and four digits, x for any", "write for example events = [\"HF-2002\", \"HF-6xxx\"]");
      } else if (!events_.empty() && std::none_of(events_.begin(), events_.end(), [&](const EventType* type) {
                   return matches_event(pattern, type->id);
                 })) {
        complain("there is no such event", "take one of holdfast check --print-events");
      }
    }
    if (tells_events(notify) && !notify.vips.empty()) {
      error(at(place + ".vips"), "vips besides events or level",
            "it chooses among the changes of VIPs, and of those it is not told then",
            "remove it, or make two [[notify]] of them");
    }
  }

  void check_keys(const Notify& notify, const std::string& place) {
    const auto only_for = [&](NotifyKind kind, std::initializer_list<std::string_view> keys) {
      if (notify.kind == kind) return;
      for (const std::string_view key : keys) {
        if (!written(fmt::format("{}.{}", place, key))) continue;
        error(at(fmt::format("{}.{}", place, key)), fmt::format("{} besides {}", key, key_of(notify)),
              fmt::format("only {} has it", key_of(kind)), "remove it");
      }
    };
    only_for(NotifyKind::kSmtp, {"from", "to"});
    only_for(NotifyKind::kWebhook, {"token_file", "token_env"});
    only_for(NotifyKind::kCommand, {"user", "shell"});
  }

  /// What could end the command of SMTP that it stands in, or is no address at all.
  static bool is_mail_address(std::string_view text) {
    const auto refused = [](unsigned char c) {
      return c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == ',' || c == ';' || c == '"';
    };
    const std::size_t at_sign = text.find('@');
    const bool parted = at_sign != std::string_view::npos && at_sign > 0 && at_sign + 1 < text.size() &&
                        text.find('@', at_sign + 1) == std::string_view::npos;
    return parted && text.size() <= 254 && std::none_of(text.begin(), text.end(), refused);
  }

  void check_mail(const Notify& notify, const std::string& place) {
    if (notify.kind != NotifyKind::kSmtp) return;
    if (!written(place + ".from")) {
      error(at(place), "from is missing", "a mail has a sender", "add from = \"holdfast@example.org\"");
    }
    if (notify.to.empty() && !bad(place + ".to")) {
      error(at(place + ".to"), "to is missing", "nobody would get the mail", "add to = [\"ops@example.org\"]");
    }
    const auto check = [&](std::string_view key, const std::string& address) {
      if (address.empty() || is_mail_address(address)) return;
      error(at(fmt::format("{}.{}", place, key)), fmt::format("{} is {}", key, file::quoted(address)),
            "it is not a mail address", "write name@domain alone, without <> and blanks");
    };
    check("from", notify.from);
    for (const std::string& address : notify.to) check("to", address);
  }

  static std::string identity(const Notify& notify) {
    return fmt::format("{} {}{}", key_of(notify.kind), notify.path,
                       notify.kind == NotifyKind::kWebhook ? notify.url : std::string());
  }

  void check_twice(std::size_t index) {
    const Notify& notify = notifies_[index];
    // two mails through one server are two receivers, and so are two runs of a program
    if (notify.kind == NotifyKind::kSmtp || is_command(notify)) return;
    if (tells_events(notify)) return;  // each has its own choice of them
    for (std::size_t i = 0; i < index; ++i) {
      if (identity(notifies_[i]) != identity(notify) || tells_events(notifies_[i])) continue;
      const std::string_view key = key_of(notify);
      const int first = at(fmt::format("notify[{}].{}", i, key_of(notifies_[i]))).line;
      warning(at(fmt::format("notify[{}].{}", index, key)), fmt::format("{} is there twice", key),
              fmt::format("the first one is at line {}, it would be told of everything twice", first),
              "make one of them with the vips of both");
      return;
    }
  }

  const std::vector<Notify>& notifies_;
  const std::vector<Vip>& vips_;
  EventTypes events_;
};

}  // namespace

std::span<const Key> keys_of_notify() { return kKeys; }

bool tells_events(const Notify& notify) { return !notify.events.empty() || notify.level.has_value(); }

void fill_in(std::vector<Notify>& notifies, const std::string& user, file::ReadResult& result) {
  for (std::size_t i = 0; i < notifies.size(); ++i) {
    notifies[i].command.timeout = notifies[i].timeout;
    fill_in(notifies[i].command, fmt::format("notify/{}", i), user, {fmt::format("notify[{}].command", i), "shell"},
            result);
  }
}

void check_notifies(const std::vector<Notify>& notifies, const std::vector<Vip>& vips, EventTypes events,
                    file::ReadResult& result) {
  NotifyRules(notifies, vips, events, result).run();
}

}  // namespace hf::config::section
