// ShapeCache: remembers the verdict for a statement's shape (its tokens with literals left out), for one shard.
//
// Owner: a shard. Thread: that shard's only.
// Invariants:
//   1. lookup_or_classify(sql, context) == classify(sql, context), always: what depends on more than the shape is not
//      kept.
//   2. Fixed size: nothing is allocated after construction; a full set forgets its oldest entry.
//   3. The hash is keyed with chance from outside, so that a client cannot aim for a collision.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "policy/sql/classifier.h"
#include "policy/sql/lexer.h"
#include "policy/sql/statement.h"

namespace hf::policy::sql {

struct ShapeHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const ShapeHash&, const ShapeHash&) = default;
};

struct ShapeKey {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
};

struct Shape {
  ShapeHash hash;
  bool cacheable = false;  // false: the verdict may depend on more than the shape
};

/// The statement's shape: words case-blind, literals and runs of ", literal" as one, comments dropped except hints.
Shape shape_of(ByteView sql, const Context& context, const ShapeKey& key);

/// The shape as text for digests: "select * from t where id in (?, ...)". At most `limit` bytes, a cut one ends in
/// "...".
std::string shape_text(ByteView sql, const Context& context = {}, std::size_t limit = 1024);

class ShapeCache {
 public:
  /// Room for about `shapes` shapes (rounded up to a power of two, at least 64, at most 1 Mi); 48 bytes each.
  ShapeCache(std::size_t shapes, Random& random);

  Statement lookup_or_classify(ByteView sql, const Context& context);

  std::uint64_t hits() const { return hits_; }
  std::uint64_t misses() const { return misses_; }  // shapes that had to be classified and were then kept
  std::uint64_t uncacheable() const { return uncacheable_; }
  std::size_t capacity() const { return sets_.size() * kWays; }

 private:
  static constexpr std::size_t kWays = 4;
  struct Entry {
    ShapeHash hash;
    Statement statement;
    bool used = false;
  };
  struct Set {
    std::array<Entry, kWays> entries;
    std::uint8_t oldest = 0;
  };

  std::vector<Set> sets_;
  ShapeKey key_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t uncacheable_ = 0;
};

}  // namespace hf::policy::sql
