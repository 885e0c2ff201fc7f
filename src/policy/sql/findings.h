// Findings: what the tokens of one part show about writes, locks, functions and session state, wherever they stand.
//
// Owner: a Part's stack frame. Thread: any.
// Invariants:
//   1. see() is called once for every token of the part after its first word, in order.
//   2. The first refusal and the first doubt are kept apart: a replica hint can lift doubt, never a refusal.
#pragma once

#include <cstdint>

#include "policy/sql/cursor.h"
#include "policy/sql/statement.h"

namespace hf::policy::sql {

class Findings {
 public:
  /// How to read names before parentheses and keywords.
  enum class Mode : std::uint8_t {
    kRead,      // a read: INTO and the keywords of writes are refusals
    kWrite,     // a write
    kNames,     // up to SELECT, VALUES or SET "name (" is a list of columns, not a call (INSERT)
    kSchema,    // up to SELECT nothing is an expression of now, and @ belongs to accounts (DDL)
    kAccounts,  // the same to the end: SELECT is a privilege (GRANT, SHOW GRANTS)
  };

  void set_mode(Mode mode) { mode_ = mode; }
  /// The part's first word was WITH.
  void begin_with() { open_with_ |= depth_bit(); }
  /// Looks at the cursor's current token.
  void see(const Cursor& cursor);
  /// Looks at all tokens up to the end of the part, the current one not included.
  void see_rest(Cursor& cursor) {
    while (cursor.advance()) see(cursor);
    see_end();
  }
  void see_end() {
    if (pending_write_) refuse(Reason::kWrite);
    pending_write_ = false;
  }

  void add(std::uint32_t effects) { effects_ |= effects; }
  /// It must not run on a replica. The first reason stays.
  void refuse(Reason reason) {
    if (refusal_ == Reason::kRead) refusal_ = reason;
  }
  void refuse(Reason reason, std::uint32_t effects) {
    refuse(reason);
    add(effects);
  }
  /// We do not know that it may run on a replica; `effects` hold if it may not.
  void doubt(Reason reason, std::uint32_t effects = 0) {
    if (doubt_ == Reason::kRead) doubt_ = reason;
    doubted_effects_ |= effects;
  }

  /// A SELECT in it, or several tables at once: FOUND_ROWS() may be another afterwards, though it is no SELECT.
  bool counts() const { return counts_; }
  /// A SELECT of more than one plain value, as (SELECT 'value'), which counts nothing.
  bool selects_at_work() const { return works_; }
  /// A table that an expression or a read looks into, DUAL not counted.
  bool names_table() const { return names_table_ || has(effect::kSequence); }
  bool refused() const { return refusal_ != Reason::kRead; }
  bool doubted() const { return doubt_ != Reason::kRead; }
  Reason refusal() const { return refusal_; }
  Reason doubt() const { return doubt_; }
  std::uint32_t effects() const { return effects_; }
  std::uint32_t doubted_effects() const { return doubted_effects_; }

 private:
  enum class InsideSelect : std::uint8_t { kNothing, kBegun, kValue };

  void see_word(const Cursor& cursor);
  void see_inside_select(const Token& token);
  void see_qualified_name(const Cursor& cursor);
  void see_open(const Cursor& cursor);
  bool sees_expressions() const { return mode_ != Mode::kSchema && mode_ != Mode::kAccounts; }
  void see_call(Call call, bool glued, const Context& context);
  void see_variable(ByteView name);
  bool names_columns(const Cursor& cursor) const;
  bool has(std::uint32_t bits) const { return (effects_ & bits) != 0; }
  std::uint64_t depth_bit() const { return depth_ < 64 ? std::uint64_t{1} << depth_ : 0; }

  Mode mode_ = Mode::kRead;
  Reason refusal_ = Reason::kRead;  // kRead: none
  Reason doubt_ = Reason::kRead;
  bool pending_write_ = false;  // INSERT or REPLACE that may turn out to be the function
  bool unites_ = false;         // UNION, EXCEPT or INTERSECT
  bool limits_ = false;         // LIMIT
  bool counts_ = false;
  bool works_ = false;
  InsideSelect inside_select_ = InsideSelect::kNothing;
  bool assigns_ = false;  // SET was seen
  bool names_table_ = false;
  bool behind_from_ = false;  // the token before was a FROM that names tables, or DUAL
  std::uint32_t effects_ = 0;
  std::uint32_t doubted_effects_ = 0;
  std::uint32_t depth_ = 0;
  std::uint64_t open_with_ = 0;  // depths at which a WITH still lists its names
  std::uint64_t open_call_ = 0;  // depths at which FROM is a function's: TRIM(x FROM y)
};

}  // namespace hf::policy::sql
