#include "config/rights.h"

#include <fmt/format.h>

#include "config/file/findings.h"

namespace hf::config {

namespace {

class Rights : private file::Findings {
 public:
  Rights(const Config& config, const file::Runner& runner, file::ReadResult& result)
      : Findings(result), config_(config), runner_(runner) {}

  void run() {
    for (std::size_t i = 0; i < config_.vips.size(); ++i) {
      missing(at(fmt::format("vip[{}]", i)),
              fmt::format("vip {} would not be held", file::quoted(config_.vips[i].name)),
              "only root may hold addresses", "start holdfast as root, which its gateway gives up again");
    }
    for (std::size_t i = 0; i < config_.services.size(); ++i) {
      check_ports(config_.services[i], fmt::format("service[{}]", i));
    }
    for (std::size_t i = 0; i < config_.notifies.size(); ++i) {
      check_command(config_.notifies[i].command, fmt::format("notify[{}].user", i));
    }
  }

 private:
  void check_ports(const Service& service, const std::string& place) {
    for (std::size_t i = 0; i < service.listen.size(); ++i) {
      const Endpoint& endpoint = service.listen[i].endpoint;
      if (endpoint.is_unix() || endpoint == Endpoint{} || endpoint.port >= runner_.first_port) continue;
      missing(at(fmt::format("{}.listen[{}]", place, i)),
              fmt::format("listener \"{}\" could not be opened", endpoint.to_string()),
              fmt::format("user {} may have ports from {} on", file::quoted(runner_.user), runner_.first_port),
              "start holdfast as root, give it CAP_NET_BIND_SERVICE, or choose another port");
    }
  }

  void check_command(const Script& script, const std::string& place) {
    if (script.id.empty() || script.user == config_.node.user || script.user == runner_.user) return;
    missing(at(place), fmt::format("the command of user {} would not be run", file::quoted(script.user)),
            fmt::format("user {} can run programs as himself only", file::quoted(runner_.user)),
            "start holdfast as root, or remove user");
  }

  void missing(file::Position position, std::string what, std::string why, std::string remedy) {
    if (runner_.must_have_all) return error(position, std::move(what), std::move(why), std::move(remedy));
    warning(position, std::move(what), std::move(why), std::move(remedy));
  }

  const Config& config_;
  const file::Runner& runner_;
};

}  // namespace

void check_rights(const Config& config, const file::Runner& runner, file::ReadResult& result) {
  Rights(config, runner, result).run();
}

}  // namespace hf::config
