#include "config/schema.h"

#include "config/section/cluster.h"
#include "config/section/foreign.h"

namespace hf::config {

namespace {

using file::at;
using file::Key;
using file::Kind;

// clang-format off: tables read better in columns
constexpr Key kSections[] = {
    {.path = "node", .kind = Kind::kTable, .doc = "This machine.", .implicit = true, .field = at<&Config::node>()},
    {.path = "admin", .kind = Kind::kTable, .doc = "How operators and monitoring reach this node.", .implicit = true, .field = at<&Config::admin>()},
    {.path = "log", .kind = Kind::kTable, .doc = "Where events go.", .implicit = true, .field = at<&Config::log>()},
    {.path = "service", .kind = Kind::kTableList, .doc = "Something that clients reach at one address. A file needs a service or a VIP at least.",
     .field = at<&Config::services>()},
    {.path = "(account)", .kind = Kind::kTable, .doc = "A login: monitor, each of users, and admin.account."},
    {.path = "cluster", .kind = Kind::kTable, .doc = "What the nodes agree through."},
    {.path = "virtual_server", .kind = Kind::kLater, .doc = "Forwarding in the kernel."},
    {.path = "vip", .kind = Kind::kTableList, .doc = "A group of addresses that one of the nodes holds: a virtual router of VRRP.",
     .field = at<&Config::vips>()},
    {.path = "notify", .kind = Kind::kTableList, .doc = "Somebody who is told of every change of a VIP's state, or of events.", .field = at<&Config::notifies>()},
};
// clang-format on

}  // namespace

const file::Schema& schema() {
  static const file::Schema whole(
      &file::kTypeTag<Config>,
      {kSections, section::keys_of_node(), section::keys_of_admin(), section::keys_of_log(), section::keys_of_service(),
       section::keys_of_listen(), section::keys_of_check(), section::keys_of_mysql(), section::keys_of_server(),
       section::keys_of_account(), section::keys_of_cluster(), section::keys_of_vip(), section::keys_of_vip_address(),
       section::keys_of_heartbeat(), section::keys_of_arbiter(), section::keys_of_track(), section::keys_of_notify()},
      section::foreign_words());
  return whole;
}

}  // namespace hf::config
