#include "service/mysql/start.h"

#include <algorithm>

#include "service/mysql/session_variables.h"
#include "service/mysql/shard_state.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
using policy::session::Settings;
using policy::session::SettingsPtr;
using runtime::Task;

namespace {

/// The servers' globals as settings; session_track_* are no setting.
Settings::Variables variables_of(const upstream::mysql::SessionDefaults& defaults) {
  Settings::Variables variables;
  for (const auto& entry : defaults.variables) {
    if (policy::session::kind_of_variable(entry.first) == policy::session::VariableKind::kSetting) {
      variables.push_back(entry);
    }
  }
  return variables;
}

/// The charset variables of a login with this collation.
void set_charset(Settings& settings, const CollationName& name) {
  settings.set_variable("character_set_client", name.charset);
  settings.set_variable("character_set_connection", name.charset);
  settings.set_variable("character_set_results", name.charset);
  settings.set_variable("collation_connection", name.collation);
  // Results have the collation of the login, which only this way of setting it gives them.
  if (!name.is_default) settings.set_variable(policy::session::kNamesCollation, name.collation);
}

/// The handshake flags that say something of settings.
constexpr wire::Capabilities kFlagsOfSettings = wire::kClientInteractive | wire::kClientIgnoreSpace;

/// What the client's handshake flags do to a login's settings.
void apply_flags(Settings& settings, wire::Capabilities capabilities,
                 const upstream::mysql::SessionDefaults& defaults) {
  if (wire::has(capabilities, wire::kClientInteractive)) {
    settings.set_variable("wait_timeout", std::to_string(defaults.interactive_timeout));
  }
  if (!wire::has(capabilities, wire::kClientIgnoreSpace)) return;
  const std::string mode(settings.variable("sql_mode"));
  if (mode.find("IGNORE_SPACE") == std::string::npos) {
    settings.set_variable("sql_mode", mode.empty() ? "IGNORE_SPACE" : mode + ",IGNORE_SPACE");
  }
}

/// A login's own settings cannot be told from the globals: the server runs a text at each.
bool must_ask(const Identity& identity, Beginning beginning) {
  return beginning == Beginning::kLogin && !identity.defaults->init_connect.empty();
}

/// The account's own limit is a setting of its logins, and not of a reset.
SettingsPtr with_statement_time(ShardState& shard, const Identity& identity, const SettingsPtr& start) {
  const bool own = !identity.statement_time.empty() && identity.beginning != Beginning::kReset;
  if (!own) return start;
  Settings settings = *start;
  settings.set_variable("max_statement_time", identity.statement_time);
  return shard.settings().intern(std::move(settings));
}

void adopt(Session& session, SettingsPtr start, const std::string& schema) {
  const Beginning beginning = session.identity().beginning;
  const bool entered = beginning != Beginning::kReset && beginning != Beginning::kRefusedChange;
  policy::session::SettingsTable& table = session.shard_state().settings();
  session.facts().settings = entered ? table.in_schema(start, schema) : table.reset_in_schema(start, schema);
  session.facts().status = status_of(*start);
  session.identity().start = std::move(start);
}

/// What the globals, a collation and flags of the handshake make of a login. `name`: null when the servers' own
/// collation is kept.
SettingsPtr make_start(ShardState& shard, const upstream::mysql::SessionDefaults& defaults, const CollationName* name,
                       wire::Capabilities flags) {
  Settings settings({}, variables_of(defaults));
  if (name != nullptr) set_charset(settings, *name);
  apply_flags(settings, flags, defaults);
  return shard.settings().intern(std::move(settings));
}

}  // namespace

policy::session::Status status_of(const Settings& settings) {
  policy::session::Status status;
  status.autocommit = settings.variable("autocommit") != "OFF";
  const ByteView mode = settings.variable("sql_mode");
  status.no_backslash_escapes = mode.find("NO_BACKSLASH_ESCAPES") != ByteView::npos;
  status.ansi_quotes = mode.find("ANSI_QUOTES") != ByteView::npos;
  return status;
}

namespace {

policy::session::TrackingWish wish_of(const upstream::mysql::SessionDefaults& defaults) {
  policy::session::TrackingWish wish;
  for (const ByteView name : {"session_track_system_variables", "session_track_schema", "session_track_state_change",
                              "session_track_transaction_info"}) {
    if (const std::optional<ByteView> value = defaults.find(name)) wish.set(name, *value);
  }
  return wish;
}

/// What the session's charset is taken from, its name perhaps unknown yet; 0: the servers' own.
std::uint16_t collation_of(const ShardState& shard, Identity& identity) {
  if (identity.beginning != Beginning::kReset) return identity.collation;
  auto& candidates = identity.reset_collations;
  const auto known_by_nobody = [&](std::uint16_t id) {
    const CollationName* name = id == 0 ? nullptr : shard.collation(id);
    return name != nullptr && name->charset.empty();
  };
  while (known_by_nobody(candidates.front())) {
    std::shift_left(candidates.begin(), candidates.end(), 1);
    candidates.back() = 0;
  }
  return candidates.front();
}

}  // namespace

void remember_for_reset(Identity& identity, std::uint16_t collation) {
  auto& candidates = identity.reset_collations;
  if (collation == 0 || candidates.front() == collation) return;
  std::shift_right(candidates.begin(), candidates.end(), 1);
  candidates.front() = collation;
}

bool begin_settings(Session& session, const std::string& schema, Beginning beginning) {
  Identity& identity = session.identity();
  identity.beginning = beginning;
  if (beginning != Beginning::kReset) remember_for_reset(identity, identity.collation);
  identity.start = nullptr;
  identity.schema = schema;
  identity.defaults = session.view()->defaults;
  session.facts().settings = nullptr;
  session.facts().tracking = wish_of(*identity.defaults);
  session.facts().status.autocommit = (identity.defaults->status & wire::kStatusAutocommit) != 0;
  session.facts().status.no_backslash_escapes = (identity.defaults->status & wire::kStatusNoBackslashEscapes) != 0;
  session.facts().status.ansi_quotes = (identity.defaults->status & wire::kStatusAnsiQuotes) != 0;
  if (identity.defaults->variables.empty() || must_ask(identity, beginning)) return false;
  ShardState& shard = session.shard_state();
  const std::uint16_t collation = collation_of(shard, identity);
  const CollationName* name = nullptr;
  if (collation != 0) {
    name = shard.collation(collation);
    if (name == nullptr) return false;
    if (name->charset.empty()) name = nullptr;
  }
  const wire::Capabilities flags =
      beginning == Beginning::kLogin ? session.client().capabilities() & kFlagsOfSettings : 0;
  SettingsPtr& start = shard.start(identity.defaults, name != nullptr ? collation : std::uint16_t{0}, flags);
  if (start == nullptr) start = make_start(shard, *identity.defaults, name, flags);
  adopt(session, with_statement_time(shard, identity, start), schema);
  return true;
}

namespace {

/// What the servers call a collation; nothing, if they do not know it either.
Task<Result<void>> learn_collation_name(Session& session, Connection* connection, std::uint16_t collation) {
  const Deadline deadline = session.loop().deadline_in(session.service().config().connect_timeout);
  const std::string id = std::to_string(collation);
  connection->facts.found_rows.reset();
  Result<wire::TextResult> named =
      co_await upstream::mysql::query(*connection,
                                      "SELECT CHARACTER_SET_NAME,FULL_COLLATION_NAME,IS_DEFAULT FROM "
                                      "information_schema.COLLATION_CHARACTER_SET_APPLICABILITY WHERE ID=" +
                                          id + " LIMIT 1",
                                      deadline);
  HF_CO_RETURN_IF_ERROR(named);
  if (named->error) {  // before MariaDB 10.10, and MySQL
    named = co_await upstream::mysql::query(
        *connection,
        "SELECT CHARACTER_SET_NAME,COLLATION_NAME,IS_DEFAULT FROM information_schema.COLLATIONS WHERE ID=" + id +
            " LIMIT 1",
        deadline);
    HF_CO_RETURN_IF_ERROR(named);
  }
  constexpr std::uint16_t kFilename = 17;  // which servers have, and show in no table
  CollationName name;
  if (collation == kFilename) name = {"filename", "filename", true};
  if (!named->error && !named->rows.empty() && named->rows[0].size() == 3 && named->rows[0][0] && named->rows[0][1]) {
    name = {*named->rows[0][0], *named->rows[0][1], named->rows[0][2] == "Yes"};
  }
  session.shard_state().add_collation(collation, std::move(name));
  co_return Result<void>{};
}

}  // namespace

Task<Result<void>> learn_start(Session& session, Connection* connection) {
  Identity& identity = session.identity();
  const Deadline deadline = session.loop().deadline_in(session.service().config().connect_timeout);
  ShardState& shard = session.shard_state();
  std::uint16_t collation = collation_of(shard, identity);
  while (collation != 0 && shard.collation(collation) == nullptr) {
    Result<void> named = co_await learn_collation_name(session, connection, collation);
    HF_CO_RETURN_IF_ERROR(named);
    collation = collation_of(shard, identity);
  }
  const std::string schema = session.facts().settings != nullptr ? session.facts().settings->schema() : identity.schema;
  if (begin_settings(session, schema, identity.beginning)) co_return Result<void>{};
  std::string names;
  for (const auto& [name, value] : identity.defaults->variables) names += (names.empty() ? "'" : ",'") + name + "'";
  if (names.empty()) {
    names =
        "'autocommit','sql_mode','time_zone','character_set_client','character_set_connection','character_set_results',"
        "'collation_connection'";
  }
  connection->facts.found_rows.reset();  // of this question
  Result<SessionVariables> shown = co_await read_session_variables(connection, std::move(names), deadline);
  HF_CO_RETURN_IF_ERROR(shown);
  Settings settings;
  for (const auto& [variable, value] : *shown) {
    if (policy::session::kind_of_variable(variable) == policy::session::VariableKind::kSetting) {
      settings.set_variable(variable, value);
    }
  }
  const CollationName* name = collation == 0 ? nullptr : shard.collation(collation);
  if (name != nullptr && !name->charset.empty()) {
    const bool as_logged_in = settings.variable("collation_connection") == name->collation &&
                              settings.variable("character_set_results") == name->charset;
    if (identity.defaults->init_connect.empty()) {
      set_charset(settings, *name);
    } else if (as_logged_in && !name->is_default) {
      settings.set_variable(policy::session::kNamesCollation, name->collation);
    }
  }
  apply_flags(settings, session.client().capabilities(), *identity.defaults);
  adopt(session, shard.settings().intern(std::move(settings)), schema);
  co_return Result<void>{};
}

void reset_settings(Session& session) {
  const std::string schema = session.facts().settings != nullptr ? session.facts().settings->schema() : std::string();
  const bool known = begin_settings(session, schema, Beginning::kReset);
  if (!known) session.identity().schema = schema;
}

SettingsPtr start_behind_reset(Session& session, const std::string& schema) {
  const SettingsPtr& start = session.identity().start;
  return start == nullptr ? nullptr : session.shard_state().settings().reset_in_schema(start, schema);
}

std::uint64_t pool_key(Session& session, bool has_schema) {
  // What a handshake flag does to settings is set by us on every connection; multi-statements are compared.
  constexpr wire::Capabilities kNotShared =
      ~(wire::kClientSsl | wire::kClientCompress | wire::kClientConnectWithDb | wire::kClientConnectAttrs |
        wire::kClientPluginAuth | wire::kClientPluginAuthLenencData | wire::kClientMultiStatements |
        wire::kClientIgnoreSpace | wire::kClientInteractive | wire::kClientOdbc | wire::kClientRememberOptions |
        wire::kClientIgnoreSigpipe | wire::kClientReserved | wire::kClientSessionTrack |
        wire::kClientCanHandleExpiredPasswords);
  return session.shard_state().pool_key(session.identity().account, session.client().capabilities() & kNotShared,
                                        has_schema);
}

std::uint64_t unshared_key(Session& session) {
  // A flag that pool_key() never has.
  return session.shard_state().pool_key(session.identity().account,
                                        session.client().capabilities() | wire::kClientConnectWithDb, false);
}

}  // namespace hf::service::mysql
