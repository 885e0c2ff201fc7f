// Judge: a TCP service's server takes connections when something accepts them there and nobody has drained it.
#pragma once

#include "topology/judge.h"

namespace hf::topology::tcp {

class Judge final : public topology::Judge {
 public:
  explicit Judge(Bench& bench) : bench_(bench) {}

  void meet(WatchedServer& server) override;
  void configure() override {}
  std::shared_ptr<upstream::ServiceView> judge(upstream::ServiceView seen) override;
  void describe(ServiceReport& /*report*/) const override {}

 private:
  Bench& bench_;
};

std::unique_ptr<topology::Judge> make_judge(Bench& bench);

}  // namespace hf::topology::tcp
