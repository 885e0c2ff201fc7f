// Walks the document along the schema: fills the objects that its rows name, and collects every complaint on the way.
//
// Owner: the caller. Thread: one at a time, nothing is kept.
// Invariants:
//   1. A value that draws a complaint is not stored: the member keeps its default, so the rules can go on.
//   2. Element i of a list in the document is element i of the vector, complaint or not.
//   3. Values of other nodes are checked and thrown away; their secrets are not read.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/file/diagnostic.h"
#include "config/file/document.h"
#include "config/file/load_context.h"
#include "config/file/schema.h"

namespace hf::config::file {

struct PlacedComplaint {
  Position at;
  Complaint complaint;
};

/// Where each key that was read stands: "service[0].server[1].address". Values of this node only.
using Places = std::map<std::string, Position>;

/// Whole numbers that are keyed by node name, of every node: "vip[0].priority" -> "gw-b" -> 100. For rules about the
/// others.
using PerNodeNumbers = std::map<std::string, std::map<std::string, std::int64_t>>;

/// The node names of every table that is keyed by them, and where each stands: "vip[0].priority" -> "gw-b" -> 6:24.
using PerNodeNames = std::map<std::string, std::map<std::string, Position>>;

struct ReadResult {
  Places places;
  std::set<std::string> without_prefix;  // places of this node's host addresses that were written without one
  PerNodeNumbers per_node_numbers;
  PerNodeNames per_node_names;
  std::vector<PlacedComplaint> errors;
  std::vector<PlacedComplaint> warnings;
};

/// What reading depends on beside the document.
struct ReadOptions {
  const LoadContext& context;
  std::string node_name;  // chooses among values keyed by node name
  std::string folder;     // where relative paths start
};

/// `root` is filled, an object of the type `schema.root()`: see read_into.
ReadResult read_document(const Schema& schema, const Value& document, TypeTag type, void* root,
                         const ReadOptions& options);

template <typename T>
ReadResult read_into(T& root, const Schema& schema, const Value& document, const ReadOptions& options) {
  return read_document(schema, document, &kTypeTag<T>, &root, options);
}

}  // namespace hf::config::file
