#include "upstream/pool_fixture.h"

namespace hf::upstream {

using runtime::Task;

Task<Result<FakePointer>> connect(runtime::EventLoop& loop, net::Address address, const FakeLogin& login,
                                  Deadline deadline) {
  (void)address;
  if (login.server->answers != nullptr) {
    const Result<void> answered = co_await login.server->answers->wait(deadline);
    HF_CO_RETURN_IF_ERROR(answered);
  }
  if (login.server->refuses) co_return Error{ErrorCode::kRefused, "nobody is let in"};
  ++login.server->connected;
  auto connection = std::make_unique<FakeConnection>(*login.server);
  connection->opened_at = loop.now();
  co_return std::move(connection);
}

FakePointer FakePool::take(std::uint64_t key, const PoolAges& ages) {
  return Pool::take(key, ages, [](const FakeConnection& idle) { return idle.fit; });
}

namespace {

void end(FakeWish& wish, Result<FakePointer> opened) {
  if (opened.ok()) {
    wish.connection = std::move(*opened);
  } else {
    wish.error = opened.error();
  }
  wish.ended = true;
}

Task<void> open_task(FakePool* pool, ServiceViewPtr view, FakeLogin login, std::uint64_t key, FakeWish* wish,
                     Deadline deadline) {
  Result<FakePointer> opened = co_await pool->open(view, login, key, deadline, wish->note);
  end(*wish, std::move(opened));
}

Task<void> adopt_task(FakePool* pool, ServiceViewPtr view, FakePointer connection, std::uint64_t key, FakeWish* wish,
                      Deadline deadline) {
  Result<FakePointer> adopted = co_await pool->adopt(view, std::move(connection), key, deadline);
  end(*wish, std::move(adopted));
}

}  // namespace

ServiceViewPtr PoolTest::view_with(std::uint32_t most) {
  places_->set_most(most);
  auto config = std::make_shared<config::Config>();
  config->services.resize(1);
  auto view = std::make_shared<ServiceView>();
  view->service = config->services.data();
  view->config = std::move(config);
  ServerView& server = view->servers.emplace_back();
  server.name = "db1";
  server.present = true;
  server.reachable = true;
  server.places = places_;
  return view;
}

void PoolTest::start(FakeWish& wish, FakePool& pool, std::uint64_t key, Nanos patience) {
  scope_.spawn("open", open_task, &pool, view_, login_, key, &wish, loop_->deadline_in(patience));
}

void PoolTest::start_adoption(FakeWish& wish, Nanos patience) {
  scope_.spawn("adopt", adopt_task, &pool_, view_, std::make_unique<FakeConnection>(server_), kKey, &wish,
               loop_->deadline_in(patience));
}

FakePointer PoolTest::open(FakePool& pool, std::uint64_t key) {
  FakeWish wish;
  start(wish, pool, key);
  EXPECT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), "ok");
  return std::move(wish.connection);
}

}  // namespace hf::upstream
