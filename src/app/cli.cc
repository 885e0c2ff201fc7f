#include "app/cli.h"

#include <cstdio>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "app/admin_client.h"
#include "app/cli_request.h"
#include "app/cli_sessions.h"
#include "app/cli_status.h"
#include "app/cli_vip.h"
#include "app/event_catalogue.h"
#include "app/load_context.h"
#include "app/roles.h"
#include "app/runner.h"
#include "app/version.h"
#include "config/describe.h"
#include "config/parse.h"
#include "config/print.h"

namespace hf::app {

namespace {

using nlohmann::json;

struct Options : AskOptions {
  bool print_reference = false;
  bool print_events = false;
  bool print_config = false;
  std::string printed_file;  // of --print-config; empty: the one of --config
  std::string as_user;       // of check; empty: whoever runs it
  std::string role;          // of run; empty: as the operator starts it
  std::string target;        // server, or service/server
  std::string vip;
  std::string service;
  std::string sql;
  std::uint64_t since = 0;
  std::uint64_t limit = 100;
};

config::LoadResult load(const Options& options) { return config::load_file(options.config, load_context()); }

void complain(const config::LoadResult& loaded) { std::fputs(config::to_string(loaded).c_str(), stderr); }

int run(const Options& options) {
  if (options.role == "gateway") return run_role(Role::kGateway, options.config);
  if (options.role == "steward") return run_role(Role::kSteward, options.config);
  return run_role(Role::kWhole, options.config);
}

int check(const Options& options) {
  if (options.print_reference) {
    fmt::print("{}", config::render_reference());
    return kDone;
  }
  if (options.print_events) {
    fmt::print("{}", render_event_docs());
    return kDone;
  }
  config::LoadContext context = load_context();
  context.runner = present_runner();
  context.machine = this_machine();
  if (!options.as_user.empty()) {
    Result<std::optional<config::Runner>> runner = runner_named(options.as_user);
    if (!runner.ok()) return hf::app::complain(runner.error());
    context.runner = *std::move(runner);
  }
  const config::LoadResult loaded = config::load_file(options.config, context);
  if (options.as_json) {
    json out{{"ok", loaded.ok()}, {"errors", json::array()}, {"warnings", json::array()}};
    for (const config::Diagnostic& error : loaded.errors) out["errors"].push_back(config::to_string(error));
    for (const config::Diagnostic& warning : loaded.warnings) out["warnings"].push_back(config::to_string(warning));
    if (options.print_config && loaded.ok()) out["config"] = config::print_toml(*loaded.config);
    fmt::print("{}\n", out.dump(2, ' ', false, json::error_handler_t::replace));
    return loaded.ok() ? kDone : kFailed;
  }
  complain(loaded);
  if (!loaded.ok()) return kFailed;
  fmt::print("{}", options.print_config ? config::print_toml(*loaded.config) : options.config + ": ok\n");
  return kDone;
}

/// --print-config may name the file itself.
int check_and_print(Options options) {
  options.print_config = true;
  if (!options.printed_file.empty()) options.config = options.printed_file;
  return check(options);
}

int show_status(const json& status) {
  print_text(render_status(status));
  return kDone;
}

int show_sessions(const Options& options) {
  const std::string service = options.service.empty() ? std::string() : "&service=" + percent_encode(options.service);
  return ask(options, "GET", "/api/v1/sessions?limit=" + std::to_string(options.limit) + service, [](const json& page) {
    print_text(render_sessions(page));
    return kDone;
  });
}

/// As in the log.
void append_field(std::string& line, const std::string& name, const json& value) {
  line += " " + name + "=";
  append_event_value(line, value.is_string() ? value.get<std::string>() : value.dump());
}

int show_events(const json& page) {
  for (const json& event : page.value("events", json::array())) {
    std::string line = text_of(event, "time") + " " + text_of(event, "level") + " " + text_of(event, "id") + " " +
                       text_of(event, "event");
    for (const auto& [key, value] : event.items()) {
      const bool known = key == "time" || key == "level" || key == "id" || key == "event" || key == "sequence";
      if (!known && value.is_string()) append_field(line, key, value);
      if (key == "fields" && value.is_object()) {
        for (const auto& [name, text] : value.items()) append_field(line, name, text);
      }
    }
    print_text(line + "\n");
  }
  return kDone;
}

int show_explanation(const json& explanation) {
  for (const char* key : {"kind", "route", "reason", "hint", "shape", "effects", "servers"}) {
    if (explanation.contains(key)) print_text(fmt::format("{:<8} {}\n", key, text_of(explanation, key)));
  }
  return kDone;
}

/// "db2" or "orders/db2" to the service that has the server.
Result<std::string> find_target(const Options& options) {
  if (options.target.find('/') != std::string::npos) {
    const std::size_t slash = options.target.find('/');
    return percent_encode(options.target.substr(0, slash)) + "/" + percent_encode(options.target.substr(slash + 1));
  }
  const config::LoadResult loaded = load(options);
  if (!loaded.ok()) return Error{ErrorCode::kInvalidArgument, config::to_string(loaded)};
  std::vector<std::string> services;
  for (const config::Service& service : loaded.config->services) {
    for (const config::Server& server : service.servers) {
      if (server.name == options.target) services.push_back(service.name);
    }
  }
  if (services.empty()) {
    std::string known;
    for (const config::Service& service : loaded.config->services) {
      for (const config::Server& server : service.servers) {
        known += (known.empty() ? "" : ", ") + service.name + "/" + server.name;
      }
    }
    return Error{ErrorCode::kNotFound, "no service has a server '" + options.target + "'; there is " + known};
  }
  if (services.size() > 1) {
    return Error{ErrorCode::kInvalidArgument, "several services have a server '" + options.target + "': write " +
                                                  services[0] + "/" + options.target};
  }
  return percent_encode(services[0]) + "/" + percent_encode(options.target);
}

int server_command(const Options& options, const char* verb) {
  const Result<std::string> target = find_target(options);
  if (!target.ok()) {
    fmt::print(stderr, "holdfast: {}\n", target.error().context);
    return kFailed;
  }
  return ask(options, "POST", "/api/v1/servers/" + *target + "/" + verb, [&](const json&) {
    fmt::print("{} {}: done\n", verb, options.target);
    return kDone;
  });
}

int reload(const Options& options) {
  return ask(options, "POST", "/api/v1/reload", [](const json& outcome) {
    fmt::print("reloaded\n");
    for (const char* key : {"changes", "needs_restart"}) {
      for (const json& line : outcome.value(key, json::array())) {
        print_text(fmt::format("  {}{}\n", std::string(key) == "needs_restart" ? "needs a restart: " : "",
                               line.get<std::string>()));
      }
    }
    return kDone;
  });
}

/// The commands, in the order in which --help lists them, each with what it does.
class CommandLine {
 public:
  CommandLine() {
    app_.set_version_flag("--version", std::string("holdfast ") + kVersion);
    app_.require_subcommand(1);
    command("run", "run in the foreground", hf::app::run)
        ->add_option("--role", options_.role, "which of the processes to be; the guardian says so to those it starts")
        ->check(CLI::IsMember({"gateway", "steward"}))
        ->group("");
    add_check();
    add_status();
    add_server_commands();
    add_vip_commands();
    command("reload", "read the configuration anew, keeping everything that did not change", reload);
    add_questions();
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      const int shown = app_.exit(error);
      return shown == 0 ? kDone : kUsage;
    }
    return code_;
  }

 private:
  using Action = std::function<int(const Options&)>;

  CLI::App* command_of(CLI::App& parent, const char* name, const char* help, const Action& action) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->add_option("-c,--config", options_.config, "configuration file")->capture_default_str();
    sub->add_flag("--json", options_.as_json, "answer as JSON");
    sub->callback([this, action] { code_ = action(options_); });
    return sub;
  }

  CLI::App* command(const char* name, const char* help, const Action& action) {
    return command_of(app_, name, help, action);
  }

  void add_check() {
    CLI::App* checking =
        command("check", "read the configuration and list everything that is wrong with it",
                [this](const Options& o) { return of_config_->count() > 0 ? check_and_print(o) : check(o); });
    checking->add_flag("--print-reference", options_.print_reference,
                       "print the reference of the configuration file (docs/config.md)");
    checking->add_option("--as", options_.as_user, "who is to run the file: what this user has no right to is an error")
        ->option_text("USER");
    checking->add_flag("--print-events", options_.print_events, "print the catalogue of events (docs/events.md)");
    of_config_ = checking
                     ->add_option("--print-config", options_.printed_file,
                                  "print what the file comes to on this node, without secrets and defaults")
                     ->expected(0, 1)
                     ->option_text("[FILE]");
  }

  void add_status() {
    CLI::App* status =
        command("status", "show virtual addresses, services, servers and listeners", [this](const Options& o) {
          return of_sessions_->count() > 0 ? show_sessions(o) : ask(o, "GET", "/api/v1/status", show_status);
        });
    of_sessions_ = status->add_option("--sessions", options_.service, "as the command 'sessions'")
                       ->expected(0, 1)
                       ->option_text("[SERVICE]");
    CLI::App* sessions =
        command("sessions", "list MySQL sessions that are pinned or have a server connection, and why", show_sessions);
    sessions->add_option("service", options_.service, "of this service only");
    for (CLI::App* each : {status, sessions}) {
      each->add_option("--limit", options_.limit, "show this many sessions at most")->capture_default_str();
    }
  }

  void add_server_commands() {
    const auto add = [this](const char* name, const char* help) {
      command(name, help, [name](const Options& o) { return server_command(o, name); })
          ->add_option("server", options_.target, "SERVER or SERVICE/SERVER")
          ->required();
    };
    add("drain", "take a server out of work: running work ends in peace");
    add("resume", "end a drain");
  }

  /// What may follow 'vip', for who wrote nothing, or something else.
  static std::string words_of_vip(const CLI::App& vip) {
    std::string out = "holdfast vip: say what to do, and with which virtual address\n";
    for (const CLI::App* word : vip.get_subcommands(nullptr)) {
      out += fmt::format("  {:<8} NAME  {}\n", word->get_name(), word->get_description());
    }
    return out + "for example: holdfast vip release db\n";
  }

  void add_vip_commands() {
    CLI::App* vip = app_.add_subcommand("vip", "move virtual addresses as planned");
    vip->require_subcommand(1);
    app_.failure_message([vip](const CLI::App* app, const CLI::Error& error) {
      const bool is_bare = vip->parsed() && vip->get_subcommands().empty();
      return is_bare ? words_of_vip(*vip) : CLI::FailureMessage::simple(app, error);
    });
    const auto add = [this, vip](const char* name, const char* help, admin::VipOrder order) {
      command_of(*vip, name, help, [order](const Options& o) { return vip_command(o, o.vip, order); })
          ->add_option("name", options_.vip, "the name of the virtual address")
          ->required();
    };
    add("release", "give the addresses up to another node until 'resume'", admin::VipOrder::kRelease);
    add("prefer", "take the addresses, whatever the priorities say, until 'resume'", admin::VipOrder::kPrefer);
    add("resume", "end a release or a preference", admin::VipOrder::kResume);
  }

  void add_questions() {
    command("events", "show what happened", [](const Options& o) {
      return ask(o, "GET", "/api/v1/events?limit=1000&since=" + std::to_string(o.since), show_events);
    })->add_option("--since", options_.since, "only events after this sequence number");
    CLI::App* explain = command("explain", "tell where a statement would run, and why", [](const Options& o) {
      return ask(o, "GET", "/api/v1/explain?service=" + percent_encode(o.service) + "&sql=" + percent_encode(o.sql),
                 show_explanation);
    });
    explain->add_option("service", options_.service, "the service")->required();
    explain->add_option("sql", options_.sql, "the statement")->required();
  }

  CLI::App app_{"holdfast: an address that does not go away, for MySQL/MariaDB and TCP services"};
  Options options_;
  CLI::Option* of_config_ = nullptr;    // --print-config
  CLI::Option* of_sessions_ = nullptr;  // status --sessions
  int code_ = kDone;
};

}  // namespace

int run_command_line(int argc, char** argv) { return CommandLine().run(argc, argv); }

}  // namespace hf::app
