#include "topology/mysql/readings.h"

#include "topology/events.h"
#include "topology/mysql/account_reader.h"
#include "topology/mysql/defaults_loader.h"
#include "topology/mysql/events.h"

namespace hf::topology::mysql {

namespace wire = proto::mysql;
using runtime::Task;

namespace {

constexpr Nanos kAccountsInterval = 2s;
constexpr Nanos kRefusedInterval = 1min;  // where they are not needed and may not be read
constexpr Nanos kDefaultsInterval = 1s;

/// Whether a reading that failed says nothing of the server's health. If it does, a look is due, not another reading.
bool still_answers(WatchedServer& server, const Error& error) {
  if (error.code == ErrorCode::kRefused) return true;
  if (error.code != ErrorCode::kCancelled) server.hurry = true;
  return false;
}

}  // namespace

void Readings::read_from(std::optional<upstream::ServerSlot> primary) {
  primary_ = primary;
  accounts_read_at_.reset();
  defaults_read_at_.reset();
}

void Readings::fill(upstream::mysql::View& view) const {
  view.accounts = accounts_.accounts();
  view.accounts_awaited = bench_.service().mysql.users_from_servers && !accounts_.knows_servers();
  view.accounts_round = accounts_rounds_.round();
  view.defaults = defaults_;
  view.defaults_round = defaults_rounds_.round();
}

WatchedServer* Readings::source() const {
  for (WatchedServer* server : bench_.servers()) {
    if (server->looked_well && (!primary_ || *primary_ == server->slot)) return server;
  }
  return nullptr;
}

void Readings::refresh_accounts(upstream::Refresh& asked) {
  asked.answered_by(accounts_rounds_.ask());
  if (!bench_.service().mysql.users_from_servers) {  // a reading brings nobody new
    if (accounts_rounds_.answer_without_reading()) bench_.judge_anew();
    accounts_rounds_.ask();  // but rights and limits, which nobody waits for
  }
  settle();
}

void Readings::refresh_defaults(upstream::Refresh& asked) {
  asked.answered_by(defaults_rounds_.ask());
  settle();
}

void Readings::settle() {
  WatchedServer* server = source();
  if (server != nullptr) {
    if (accounts_rounds_.wanted() || defaults_rounds_.wanted() || accounts_due()) server->news.notify_all();
    return;
  }
  const bool accounts_answered = accounts_rounds_.answer_without_reading();
  const bool defaults_answered = defaults_rounds_.answer_without_reading();
  if (accounts_answered || defaults_answered) bench_.judge_anew();
}

bool Readings::accounts_due() const {
  const TimePoint now = bench_.loop().now();
  if (accounts_rounds_.reading()) return false;
  if (accounts_rounds_.wanted() && accounts_rounds_.next_slot() <= now) return true;
  const bool in_vain = !bench_.service().mysql.users_from_servers && !accounts_refusal_.empty();
  return !accounts_read_at_ || now - *accounts_read_at_ >= (in_vain ? kRefusedInterval : kAccountsInterval);
}

bool Readings::defaults_due() const {
  const TimePoint now = bench_.loop().now();
  if (defaults_rounds_.reading()) return false;
  if (defaults_rounds_.wanted() && defaults_rounds_.next_slot() <= now) return true;
  return !defaults_read_at_ || now - *defaults_read_at_ >= kDefaultsInterval;
}

Deadline Readings::next(const WatchedServer& server) const {
  Deadline next = Deadline::never();
  if (source() != &server) return next;
  if (accounts_rounds_.wanted()) next = next.earlier(Deadline{accounts_rounds_.next_slot()});
  if (defaults_rounds_.wanted()) next = next.earlier(Deadline{defaults_rounds_.next_slot()});
  return next;
}

Task<void> Readings::read(WatchedServer* server) {
  bool answers = true;
  if (source() == server && defaults_due()) answers = co_await read_defaults(server);
  if (answers && source() == server && accounts_due()) answers = co_await read_accounts(server);
  settle();
}

Task<bool> Readings::read_accounts(WatchedServer* server) {
  accounts_rounds_.begin(bench_.loop().now());
  Result<std::vector<AccountRows>> read =
      co_await mysql::read_accounts(check_of(*server), bench_.loop().deadline_in(bench_.service().check.timeout));
  accounts_rounds_.end();
  if (!read.ok() && read.error().code == ErrorCode::kCancelled) co_return false;
  accounts_read_at_ = bench_.loop().now();
  if (server->present) take_accounts(*server, read);
  bench_.judge_anew();
  co_return read.ok() || still_answers(*server, read.error());
}

void Readings::take_accounts(const WatchedServer& server, const Result<std::vector<AccountRows>>& read) {
  const config::Service& service = bench_.service();
  const bool needed = service.mysql.users_from_servers;
  const std::string refusal_before = std::exchange(accounts_refusal_, read.ok() ? std::string() : read.error().context);
  if (!read.ok()) {
    if (needed && accounts_refusal_ != refusal_before) {
      bench_.event(topology::events::MonitorLoginFailed{
          .service = service.name, .server = server.server.name, .reason = "accounts: " + accounts_refusal_});
    }
    return;
  }
  const bool first = !accounts_.knows_servers();
  if (!accounts_.take(*read) || !needed) return;
  if (first) {
    bench_.event(events::AccountsLoaded{.service = service.name, .source = server.server.name});
  } else {
    bench_.event(events::AccountsChanged{.service = service.name, .changed = "accounts on " + server.server.name});
  }
  for (const upstream::mysql::Account* account : accounts_.newly_unusable()) {
    bench_.event(events::AccountUnusable{
        .service = service.name, .account = account->user + "@" + account->host, .reason = account->unusable});
  }
}

/// A server that refuses to tell is no reason to think less of it: its greeting has told the most important.
Task<bool> Readings::read_defaults(WatchedServer* server) {
  defaults_rounds_.begin(bench_.loop().now());
  Result<wire::TextResult> rows =
      co_await check_of(*server).ask(defaults_query(), bench_.loop().deadline_in(bench_.service().check.timeout));
  defaults_rounds_.end();
  if (!rows.ok() && rows.error().code == ErrorCode::kCancelled) co_return false;
  defaults_read_at_ = bench_.loop().now();
  if (rows.ok() && !rows->rows.empty()) {
    take_defaults(parse_defaults(*rows));
  } else if (rows.ok() || rows.error().code == ErrorCode::kRefused) {
    constexpr wire::StatusFlags kOfGlobals =
        wire::kStatusAutocommit | wire::kStatusNoBackslashEscapes | wire::kStatusAnsiQuotes;
    upstream::mysql::SessionDefaults defaults = *defaults_;
    defaults.status = check_of(*server).greeting().status & kOfGlobals;
    if (defaults.status != defaults_->status) take_defaults(std::move(defaults));
  }
  bench_.judge_anew();
  co_return rows.ok() || still_answers(*server, rows.error());
}

void Readings::take_defaults(upstream::mysql::SessionDefaults defaults) {
  defaults.id = defaults_ids_.try_emplace(digest_of(content_of(defaults)), defaults_ids_.size() + 1).first->second;
  if (defaults.id != defaults_->id) {
    defaults_ = std::make_shared<const upstream::mysql::SessionDefaults>(std::move(defaults));
  }
}

}  // namespace hf::topology::mysql
