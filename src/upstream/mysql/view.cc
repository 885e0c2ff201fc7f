#include "upstream/mysql/view.h"

namespace hf::upstream::mysql {

Standing View::standing() const {
  Standing standing = ServiceView::standing();
  standing.writes = primary.has_value();
  if (primary && !servers[*primary].reader) ++standing.usable;
  standing.reason = no_primary_reason;
  return standing;
}

bool View::same_as(const ServiceView& other) const {
  const auto& o = static_cast<const View&>(other);
  return ServiceView::same_as(other) && epoch == o.epoch && primary == o.primary &&
         no_primary_reason == o.no_primary_reason && accounts == o.accounts && accounts_awaited == o.accounts_awaited &&
         accounts_round == o.accounts_round && defaults->id == o.defaults->id && defaults_round == o.defaults_round &&
         server_version == o.server_version && server_capabilities == o.server_capabilities &&
         server_charset == o.server_charset;
}

}  // namespace hf::upstream::mysql
