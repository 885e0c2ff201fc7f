// Part: one statement of a text, from its first word to ';' or the end, turned into a verdict.
//
// Owner: classify()'s stack frame. Thread: any.
// Invariants:
//   1. classify() leaves the cursor at the end of the part, all of its tokens seen (a stored program's inner ';' are
//      its own).
#pragma once

#include "policy/sql/cursor.h"
#include "policy/sql/findings.h"
#include "policy/sql/set_list.h"
#include "policy/sql/statement.h"

namespace hf::policy::sql {

class Part {
 public:
  explicit Part(Cursor& cursor) : cursor_(cursor) {}

  /// The cursor stands on the part's first token.
  Statement classify();

 private:
  // part.cc: dispatch, reads, writes
  void dispatch();
  void dispatch_administration(Word first);
  void read(Kind kind);
  void with();
  void write(Kind kind, Findings::Mode mode);
  void primary(Kind kind, Reason reason, std::uint32_t effects = 0);
  void unknown();
  bool is_tableless() const;
  Statement finish() const;

  // part_session.cc: what changes the session
  void set();
  void set_statement();
  void judge(const Assignment& assignment);
  void judge_session_variable(const Assignment& assignment);
  void set_odd_form();
  void use();
  void begin();
  void start_transaction();
  void end_transaction(Kind kind);
  void xa();
  void kill();
  void lock();
  void unlock();
  void flush();
  void prepare();
  void execute();
  ByteView see_literal_behind(Word before);
  void load();

  // part_show.cc: what describes
  void show();
  void explain();
  void explained();
  void analyze();

  // part_schema.cc: what changes the schema
  void create();  // and ALTER
  void drop();
  void grant();  // and REVOKE
  void schema_change();
  void stored_program();
  void block();

  Cursor& cursor_;
  Findings findings_;
  Statement out_;
  Route base_ = Route::kPrimary;  // where it goes if nothing speaks against it
  Reason base_reason_ = Reason::kUnknownStatement;
  bool tableless_ = false;  // SHOW, FLUSH, PREPARE, EXECUTE, what changes the schema: opens no table
  bool computed_ = false;   // SET with computed values of replayable variables
};

}  // namespace hf::policy::sql
