#include "app/explain.h"

#include "policy/sql/classifier.h"
#include "policy/sql/shape_cache.h"
#include "upstream/mysql/view.h"

namespace hf::app {

Result<admin::Explanation> explain_mysql(const upstream::ServiceView& seen, std::string_view sql) {
  namespace classifier = policy::sql;
  const auto& view = static_cast<const upstream::mysql::View&>(seen);
  classifier::Context context;
  context.flavor = view.mariadb ? classifier::Flavor::kMariaDb : classifier::Flavor::kUnknown;
  const classifier::Statement statement = classifier::classify(sql, context);
  admin::Explanation explanation;
  explanation.kind = to_string(statement.kind);
  explanation.route = to_string(statement.route);
  explanation.reason = to_string(statement.reason);
  if (statement.hint != classifier::Hint::kNone) explanation.hint = to_string(statement.hint);
  explanation.shape = classifier::shape_text(sql, context);
  for (std::uint32_t bit = 0; bit < 32; ++bit) {
    if (statement.has(1U << bit)) explanation.effects.emplace_back(classifier::effect_name(1U << bit));
  }
  if (statement.route != classifier::Route::kPrimary) {
    for (const upstream::ServerView& server : view.servers) {
      if (server.present && server.reader) explanation.servers.push_back(server.name);
    }
  }
  if (explanation.servers.empty() && view.primary) explanation.servers.push_back(view.servers[*view.primary].name);
  return explanation;
}

}  // namespace hf::app
