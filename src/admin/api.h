// Api: the endpoints of the admin interface. One request in, one response out, at once but where shards or name servers
// must be asked; nothing is kept between requests.
//
//   GET  /api/v1/status                               everything, status.h as JSON
//   GET  /api/v1/sessions?service=S&limit=M           MySQL sessions that are pinned or have a server connection, and
//   why
//   GET  /api/v1/events?since=N&limit=M               events after N (0: all that are kept), oldest first
//   POST /api/v1/servers/{service}/{server}/drain     no new work for the server
//   POST /api/v1/servers/{service}/{server}/resume
//   POST /api/v1/vips/{name}/release                  the order is sent; /api/v1/status shows what it comes to
//   POST /api/v1/vips/{name}/prefer
//   POST /api/v1/vips/{name}/resume
//   POST /api/v1/reload                               read the configuration anew; 422 with all errors when rejected
//   GET  /api/v1/explain?service=S&sql=Q              what would happen to a statement; POST takes {"service","sql"}
//                                                     as JSON, or the bare statement as text
//   GET  /metrics                                     Prometheus
//   GET  /healthz                                     200 while the process answers
//   GET  /readyz                                      200 when it can serve clients, else 503 with the reason
//
// Errors are `{"error":{"status":404,"message":"…"}}`. HEAD is answered as GET.
//
// Owner: app/'s admin listeners. Thread: the control thread's.
// Invariants:
//   1. Only POST changes anything.
//   2. Each endpoint says in one table what it does and by which methods; check_access() goes by that before it is
//   called. /healthz and /readyz alone are open to everybody.
//   3. Never throws: JSON's exceptions are kept inside.
#pragma once

#include <string>
#include <utility>

#include "admin/access.h"
#include "admin/admin_model.h"
#include "admin/http_message.h"
#include "runtime/task.h"

namespace hf::admin {

class Api {
 public:
  /// The model must outlive the Api.
  Api(AdminModel& model, Credentials credentials) : model_(model), credentials_(std::move(credentials)) {}

  runtime::Task<HttpResponse> handle(HttpRequest request, Visitor visitor);

  /// New credentials from a reload.
  void set_credentials(Credentials credentials) { credentials_ = std::move(credentials); }

 private:
  struct Call;

  struct Endpoint;

  static Endpoint endpoint_of(const HttpRequest& request);
  HttpResponse nothing(const Call& call);
  HttpResponse healthz(const Call& call);
  HttpResponse readyz(const Call& call);
  HttpResponse metrics(const Call& call);
  HttpResponse status(const Call& call);
  HttpResponse events(const Call& call);
  HttpResponse explain(const Call& call);
  runtime::Task<HttpResponse> sessions(const Call& call);
  runtime::Task<HttpResponse> reload(const Call& call);
  HttpResponse server_command(const Call& call);
  HttpResponse vip_command(const Call& call);

  AdminModel& model_;
  Credentials credentials_;
};

}  // namespace hf::admin
