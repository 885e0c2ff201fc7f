#include "app/cli.h"

#include <cstdio>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "app/admin_client.h"
#include "app/gateway.h"
#include "app/signals.h"
#include "app/version.h"
#include "base/event.h"
#include "config/describe.h"
#include "config/parse.h"

namespace hf::app {

namespace {

using nlohmann::json;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

struct Options {
  std::string config = "/etc/holdfast/holdfast.toml";
  bool as_json = false;
  bool print_reference = false;
  bool print_events = false;
  std::string target;   // server, or service/server
  std::string service;
  std::string sql;
  std::uint64_t since = 0;
};

config::LoadResult load(const Options& options) { return config::load_file(options.config, config::system_context()); }

void complain(const config::LoadResult& loaded) { std::fputs(config::to_string(loaded).c_str(), stderr); }

int run(const Options& options) {
  config::LoadResult loaded = load(options);
  complain(loaded);
  if (!loaded.ok()) return kFailed;
  block_signals();
  Gateway gateway(options.config, loaded.config);
  return gateway.run();
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
  const config::LoadResult loaded = load(options);
  if (options.as_json) {
    json out{{"ok", loaded.ok()}, {"errors", json::array()}, {"warnings", json::array()}};
    for (const config::Diagnostic& error : loaded.errors) out["errors"].push_back(config::to_string(error));
    for (const config::Diagnostic& warning : loaded.warnings) out["warnings"].push_back(config::to_string(warning));
    fmt::print("{}\n", out.dump(2, ' ', false, json::error_handler_t::replace));
    return loaded.ok() ? kDone : kFailed;
  }
  complain(loaded);
  if (loaded.ok()) fmt::print("{}: ok\n", options.config);
  return loaded.ok() ? kDone : kFailed;
}

/// Asks the running gateway and hands its JSON to `show`, or prints it as it is.
int ask(const Options& options, const std::string& method, const std::string& target, const std::function<int(const json&)>& show) {
  // The file may have errors by now; the running gateway is still reached where the file says.
  const config::LoadResult loaded = load(options);
  if (!loaded.ok() && loaded.admin_socket.unix_path.empty()) {
    complain(loaded);
    return kFailed;
  }
  const Result<AdminReply> reply = admin_request(loaded.admin_socket.unix_path, method, target, "");
  if (!reply.ok()) {
    fmt::print(stderr, "holdfast: {}\n", reply.error().context);
    return kFailed;
  }
  const json body = json::parse(reply->body, nullptr, false);
  const bool good = reply->status < 400;
  if (options.as_json) {
    fmt::print("{}\n", body.is_discarded() ? reply->body : body.dump(2, ' ', false, json::error_handler_t::replace));
    return good ? kDone : kFailed;
  }
  if (!good) {
    const std::string message = body.is_object() && body.contains("error") ? body["error"].value("message", reply->body) : reply->body;
    fmt::print(stderr, "holdfast: {}\n", message);
    if (body.is_object() && body.contains("errors")) {
      for (const json& error : body["errors"]) fmt::print(stderr, "{}\n", error.get<std::string>());
    }
    return kFailed;
  }
  return show(body);
}

std::string text_of(const json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return "-";
  if (it->is_string()) return it->get<std::string>();
  return it->dump();
}

int show_status(const json& status) {
  fmt::print("holdfast {} on {}, pid {}\n", text_of(status, "version"), text_of(status, "node"), text_of(status, "pid"));
  for (const json& service : status.value("services", json::array())) {
    fmt::print("\nservice {} ({}), primary {}: {}\n", text_of(service, "name"), text_of(service, "protocol"),
               text_of(service, "primary"), text_of(service, "primary_reason"));
    for (const json& listener : service.value("listeners", json::array())) {
      fmt::print("  listens on {} {}\n", text_of(listener, "address"), text_of(listener, "route"));
    }
    fmt::print("  {:<12} {:<22} {:<10} {:<7} {:<7} {:>8}  {}\n", "server", "address", "role", "health", "reader", "lag ms", "reason");
    for (const json& server : service.value("servers", json::array())) {
      fmt::print("  {:<12} {:<22} {:<10} {:<7} {:<7} {:>8}  {}\n", text_of(server, "name"), text_of(server, "address"),
                 text_of(server, "role"), text_of(server, "health"), text_of(server, "reader"), text_of(server, "lag_ms"),
                 text_of(server, "reason"));
    }
  }
  return kDone;
}

int show_events(const json& page) {
  for (const json& event : page.value("events", json::array())) {
    std::string line = text_of(event, "time") + " " + text_of(event, "level") + " " + text_of(event, "id") + " " + text_of(event, "event");
    for (const auto& [key, value] : event.items()) {
      const bool known = key == "time" || key == "level" || key == "id" || key == "event" || key == "sequence";
      if (!known && value.is_string()) line += " " + key + "=" + value.get<std::string>();
      if (key == "fields" && value.is_object()) {
        for (const auto& [name, text] : value.items()) line += " " + name + "=" + (text.is_string() ? text.get<std::string>() : text.dump());
      }
    }
    fmt::print("{}\n", line);
  }
  return kDone;
}

int show_explanation(const json& explanation) {
  for (const char* key : {"kind", "route", "reason", "hint", "shape", "effects", "servers"}) {
    if (explanation.contains(key)) fmt::print("{:<8} {}\n", key, text_of(explanation, key));
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
      for (const config::Server& server : service.servers) known += (known.empty() ? "" : ", ") + service.name + "/" + server.name;
    }
    return Error{ErrorCode::kNotFound, "no service has a server '" + options.target + "'; there is " + known};
  }
  if (services.size() > 1) {
    return Error{ErrorCode::kInvalidArgument, "several services have a server '" + options.target + "': write " + services[0] + "/" + options.target};
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
      for (const json& line : outcome.value(key, json::array())) fmt::print("  {}{}\n", std::string(key) == "needs_restart" ? "needs a restart: " : "", line.get<std::string>());
    }
    return kDone;
  });
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app{"holdfast: an address that does not go away, for MySQL/MariaDB and TCP services"};
  app.set_version_flag("--version", std::string("holdfast ") + kVersion);
  app.require_subcommand(1);
  Options options;
  int code = kDone;
  const auto command = [&](const char* name, const char* help, const std::function<int(const Options&)>& action) {
    CLI::App* sub = app.add_subcommand(name, help);
    sub->add_option("-c,--config", options.config, "configuration file")->capture_default_str();
    sub->add_flag("--json", options.as_json, "answer as JSON");
    sub->callback([&code, &options, action] { code = action(options); });
    return sub;
  };
  command("run", "run the gateway in the foreground", run);
  CLI::App* checking = command("check", "read the configuration and list everything that is wrong with it", check);
  checking->add_flag("--print-reference", options.print_reference, "print the reference of the configuration file (docs/config.md)");
  checking->add_flag("--print-events", options.print_events, "print the catalogue of events (docs/events.md)");
  command("status", "show services, servers and listeners", [](const Options& o) { return ask(o, "GET", "/api/v1/status", show_status); });
  command("drain", "take a server out of work: running work ends in peace", [](const Options& o) { return server_command(o, "drain"); })
      ->add_option("server", options.target, "SERVER or SERVICE/SERVER")
      ->required();
  command("resume", "end a drain", [](const Options& o) { return server_command(o, "resume"); })
      ->add_option("server", options.target, "SERVER or SERVICE/SERVER")
      ->required();
  command("reload", "read the configuration anew, keeping everything that did not change", reload);
  command("events", "show what happened", [](const Options& o) {
    return ask(o, "GET", "/api/v1/events?limit=1000&since=" + std::to_string(o.since), show_events);
  })->add_option("--since", options.since, "only events after this sequence number");
  CLI::App* explain = command("explain", "tell where a statement would run, and why", [](const Options& o) {
    return ask(o, "GET", "/api/v1/explain?service=" + percent_encode(o.service) + "&sql=" + percent_encode(o.sql), show_explanation);
  });
  explain->add_option("service", options.service, "the service")->required();
  explain->add_option("sql", options.sql, "the statement")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int shown = app.exit(error);
    return shown == 0 ? kDone : kUsage;
  }
  return code;
}

}  // namespace hf::app
