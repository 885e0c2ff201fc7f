#include "upstream/mysql/pool_fixture.h"

namespace hf::upstream::mysql {

using runtime::Task;

Task<void> open_task(Pool* pool, ServiceViewPtr view, const Login* login, std::uint64_t key, Wish* wish,
                     Deadline deadline) {
  Result<ConnectionPtr> opened = co_await pool->open(view, *login, key, deadline);
  if (opened.ok()) {
    wish->connection = std::move(*opened);
  } else {
    wish->error = opened.error();
  }
  wish->ended = true;
}

Task<void> adopt_task(Pool* pool, ServiceViewPtr view, const Login* login, Wish* wish, Deadline deadline) {
  runtime::TaskContext& self = co_await runtime::this_context();
  Result<ConnectionPtr> opened = co_await connect(*self.loop, view->servers[0].address, *login, Deadline::never());
  if (opened.ok()) opened = co_await pool->adopt(view, std::move(*opened), kKey, deadline);
  if (opened.ok()) {
    wish->connection = std::move(*opened);
  } else {
    wish->error = opened.error();
  }
  wish->ended = true;
}

Task<void> beside_task(Pool* pool, ServiceViewPtr view, const Login* login, Wish* wish, Deadline deadline) {
  Result<ConnectionPtr> opened = co_await pool->open_beside(view, *login, deadline);
  if (opened.ok()) {
    wish->connection = std::move(*opened);
  } else {
    wish->error = opened.error();
  }
  wish->ended = true;
}

ServiceViewPtr MysqlPoolTest::view_with(std::uint32_t most) {
  places_->set_most(most);
  auto config = std::make_shared<config::Config>();
  config->services.resize(1);
  config->services[0].name = "orders";
  auto view = std::make_shared<ServiceView>();
  view->service = config->services.data();
  view->config = std::move(config);
  ServerView& server = view->servers.emplace_back();
  server.name = "db1";
  server.address = server_.address();
  server.present = true;
  server.reachable = true;
  server.places = places_;
  return view;
}

}  // namespace hf::upstream::mysql
