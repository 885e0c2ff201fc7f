// Walks the document along the schema: fills a Config, and collects every complaint on the way.
//
// Owner: load_text. Thread: one at a time, nothing is kept.
// Invariants:
//   1. A value that draws a complaint is not stored: the field keeps config.h's default, so the validator can go on.
//   2. Element i of a list in the document is element i of the Config's vector, complaint or not.
//   3. Values of other nodes are checked and thrown away; their secrets are not read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"
#include "config/document.h"
#include "config/load_context.h"

namespace hf::config {

struct PlacedComplaint {
  Position at;
  Complaint complaint;
};

/// Where each key that was read stands: "service[0].server[1].address". Values of this node only.
using Places = std::map<std::string, Position>;

/// Whole numbers that are keyed by node name, of every node: "vip[0].priority" -> "gw-b" -> 100. For rules about the others.
using PerNodeNumbers = std::map<std::string, std::map<std::string, std::int64_t>>;

struct ReadResult {
  Config config;
  Places places;
  PerNodeNumbers per_node_numbers;
  std::vector<PlacedComplaint> errors;
  std::vector<PlacedComplaint> warnings;
};

/// `node_name` chooses among values keyed by node name; `folder` is where relative paths start.
ReadResult read_config(const Value& document, const LoadContext& context, const std::string& node_name, const std::string& folder);

}  // namespace hf::config
