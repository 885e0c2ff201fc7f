// The compiled configuration: what the operator wants, as values. Immutable once built; shared as shared_ptr<const
// Config>. What each section of the file holds is described in section/; this is the whole, and the names by which
// other rooms know it.
//
// Owner: the control thread publishes it, shards hold it. Thread: any.
// Invariants:
//   1. Every value is inside its documented range; cross references are resolved; secrets are read.
//   2. Names are unique: services and VIPs in the file, servers in a service, accounts in a service.
//   3. Nothing observed (health, roles) is ever stored here.
#pragma once

#include <memory>
#include <vector>

#include "config/file/address.h"
#include "config/section/admin.h"
#include "config/section/log.h"
#include "config/section/node.h"
#include "config/section/notify.h"
#include "config/section/service.h"
#include "config/section/vip.h"
#include "policy/vrrp/weight.h"

namespace hf::config {

// Values that sections are made of.
using file::Endpoint;
using file::Network;
using policy::vrrp::Weight;

// The sections, and what is in them.
using section::Account;
using section::Admin;
using section::Arbiter;
using section::ArbiterKind;
using section::Balance;
using section::Check;
using section::HeartbeatPath;
using section::Listen;
using section::ListenRoute;
using section::Log;
using section::LogFormat;
using section::LogLevel;
using section::Mysql;
using section::MysqlListen;
using section::Node;
using section::Notify;
using section::NotifyKind;
using section::Protocol;
using section::ReadYourWrites;
using section::Script;
using section::Server;
using section::Service;
using section::ServiceNeeds;
using section::tells_events;
using section::Track;
using section::TrackKind;
using section::Vip;
using section::VipAddress;
using section::VrrpAuth;

struct Config {
  Node node;
  Admin admin;
  Log log;
  std::vector<Service> services;
  std::vector<Vip> vips;
  std::vector<Notify> notifies;
  friend bool operator==(const Config&, const Config&) = default;
};

using ConfigPtr = std::shared_ptr<const Config>;

}  // namespace hf::config
