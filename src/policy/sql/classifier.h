// classify: looks at a statement once and says where it may run and what it leaves behind in the session.
//
// Owner: none, pure functions. Thread: any.
// Invariants:
//   1. In doubt: primary (Promise 4). A function that is not a known read-only built-in, a word we do not know in the
//      first place, bytes whose meaning we cannot be sure of: all doubt.
//   2. Never allocates, never fails, time linear in the text, no recursion over the text's structure.
//   3. It sees text, not the schema: a view or a generated column that calls a writing function is not seen.
#pragma once

#include "base/bytes.h"
#include "policy/sql/lexer.h"
#include "policy/sql/statement.h"

namespace hf::policy::sql {

/// `sql` is the text of a COM_QUERY or COM_STMT_PREPARE. A replica hint turns doubt (an unknown function, a server's
/// own state) into kReader, never an explicit write, lock or use of session state; a primary hint turns kReader into
/// kPrimary.
Statement classify(ByteView sql, const Context& context);

}  // namespace hf::policy::sql
