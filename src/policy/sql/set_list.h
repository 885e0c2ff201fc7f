// SetList: the assignments of a SET statement, one after the other, as text: which variables a server is to be asked
// for where its reply does not tell them (their values come from the server, never from here), and what SET NAMES
// names.
//
// Owner: a caller's stack frame; it borrows the text. Thread: any.
// Invariants:
//   1. Names and values are views into the text. No evaluation, no unescaping.
//   2. After the last assignment, or at the first thing that is not an assignment we understand, next() gives nullopt;
//      ok() tells these apart.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "policy/sql/cursor.h"
#include "policy/sql/findings.h"
#include "policy/sql/lexer.h"

namespace hf::policy::sql {

struct Assignment {
  enum class Target : std::uint8_t {
    kSession,          // SET x, SET SESSION x, @@x, @@session.x, @@local.x
    kGlobal,           // also PERSIST and PERSIST_ONLY; SET GLOBAL TRANSACTION has an empty name
    kUserVariable,     // @x
    kNames,            // SET NAMES v [COLLATE c]; `value` covers "v" up to the end of "c"
    kCharacterSet,     // SET CHARACTER SET v, SET CHARSET v
    kTransaction,      // SET SESSION TRANSACTION …; `value` is the rest: "ISOLATION LEVEL READ COMMITTED, READ ONLY"
    kNextTransaction,  // SET TRANSACTION …; `value` likewise
    kOther,            // a structured variable (a.b)
  };
  enum class Form : std::uint8_t {
    kPlain,  // a literal, a signed number, or one word (ON, DEFAULT, utf8mb4)
    // an expression of known read-only functions, @@variables, placeholders, subqueries: the server knows its value,
    // and tells
    kComputed,
    kUnknown,  // anything else: unknown functions, user variables
  };
  Target target = Target::kSession;
  Form form = Form::kPlain;
  bool unscoped = false;  // @@x: see Statement::unreported
  ByteView name;          // without quotes or @; empty for kNames, kCharacterSet and transactions
  ByteView value;         // as written, with quotes
};

/// Reads assignments off a cursor that stands on the first token after SET. The engine of SetList and of the
/// classifier.
class AssignmentReader {
 public:
  std::optional<Assignment> next(Cursor& cursor, Findings& findings);
  bool ok() const { return ok_; }

 private:
  enum class Scope : std::uint8_t { kSession, kGlobal };

  std::optional<Assignment> fail() {
    ok_ = false;
    return std::nullopt;
  }
  bool read_scope(Cursor& cursor);
  bool read_target(Cursor& cursor, Assignment& out);
  void read_value(Cursor& cursor, Findings& findings, Assignment& out);
  Assignment read_transaction(Cursor& cursor);
  Assignment::Target target() const {
    return scope_ == Scope::kGlobal ? Assignment::Target::kGlobal : Assignment::Target::kSession;
  }

  Scope scope_ = Scope::kSession;  // stays for the assignments that follow, as the servers have it
  bool scoped_ = false;            // the current assignment names its scope
  bool first_ = true;
  bool ok_ = true;
};

class SetList {
 public:
  /// `sql` is a whole SET statement; anything else gives no assignment and !ok().
  SetList(ByteView sql, const Context& context);

  std::optional<Assignment> next();
  bool ok() const { return is_set_ && reader_.ok() && !cursor_.lexer().unterminated() && !cursor_.lexer().odd(); }

 private:
  Cursor cursor_;
  Findings findings_;
  AssignmentReader reader_;
  bool is_set_ = false;
};

}  // namespace hf::policy::sql
