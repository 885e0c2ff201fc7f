#include "policy/session/last_statement.h"

#include <algorithm>
#include <charconv>

#include "policy/session/settings.h"
#include "base/sqlstate.h"

namespace hf::policy::session {

namespace {

using sql::Token;
using sql::TokenKind;

bool same_blind(ByteView a, ByteView lower_case) {
  if (a.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] + 32) : a[i];
    if (c != lower_case[i]) return false;
  }
  return true;
}

/// One question, token by token.
class Question {
 public:
  Question(const LastStatement& last, ByteView sql, const sql::Context& context, std::size_t select_limit,
           std::optional<std::int64_t> found_rows)
      : last_(last), lexer_(sql, context), select_limit_(select_limit), found_rows_(found_rows) {
    advance();
  }

  std::optional<RememberedAnswer> answer() {
    std::optional<RememberedAnswer> made;
    if (take("select")) {
      made = select();
    } else if (take("values")) {
      if (take('(')) made = select();
      if (!take(')')) return std::nullopt;
    } else if (take("show")) {
      made = show();
    }
    while (at_.is(';')) advance();
    const bool whole = at_.kind == TokenKind::kEnd && !lexer_.odd() && !lexer_.unterminated() && !lexer_.versioned();
    return whole ? std::move(made) : std::nullopt;
  }

 private:
  void advance() { at_ = lexer_.next(); }
  bool is(ByteView word) const { return at_.kind == TokenKind::kWord && same_blind(lexer_.text(at_), word); }
  bool take(ByteView word) {
    if (!is(word)) return false;
    advance();
    return true;
  }
  bool take(char sign) {
    if (!at_.is(sign)) return false;
    advance();
    return true;
  }

  std::optional<std::int64_t> warnings() const {
    return last_.list ? std::optional(static_cast<std::int64_t>(last_.list->warnings)) : std::nullopt;
  }
  std::optional<std::int64_t> errors() const {
    return last_.list ? std::optional(static_cast<std::int64_t>(last_.list->errors)) : std::nullopt;
  }

  /// False: it is something else.
  bool item(std::optional<std::int64_t>* value) {
    if (at_.kind == TokenKind::kSystemVariable) {
      ByteView name = lexer_.bare_name(at_);
      advance();
      if ((same_blind(name, "session") || same_blind(name, "local")) && take('.')) {
        name = lexer_.bare_name(at_);
        advance();
      }
      const bool all = same_blind(name, "warning_count");
      *value = all ? warnings() : errors();
      return all || same_blind(name, "error_count");
    }
    if (is("row_count")) {
      *value = last_.row_count;
    } else if (is("found_rows")) {
      *value = found_rows_;
    } else if (!is("last_insert_id")) {
      return false;
    }
    advance();
    return take('(') && take(')');
  }

  void skip_alias() {
    const bool as = take("as");
    const bool name =
        at_.kind == TokenKind::kWord || at_.kind == TokenKind::kQuotedName || at_.kind == TokenKind::kString;
    if (name && (as || !is("from"))) advance();  // what would follow FROM is no end of the statement
  }

  std::optional<RememberedAnswer> select() {
    RememberedAnswer made;
    bool any = false;
    do {
      std::optional<std::int64_t> value;
      if (!item(&value)) return std::nullopt;
      any = any || value.has_value();
      made.values.push_back(value);
      skip_alias();
    } while (take(','));
    return any ? std::optional(std::move(made)) : std::nullopt;
  }

  std::optional<RememberedAnswer> show() {
    if (!last_.list) return std::nullopt;
    RememberedAnswer made;
    if (take("count")) {
      if (!take('(') || !take('*') || !take(')')) return std::nullopt;
      if (take("warnings")) {
        made.values.push_back(warnings());
      } else if (take("errors")) {
        made.values.push_back(errors());
      } else {
        return std::nullopt;
      }
      return made;
    }
    const bool only_errors = is("errors");
    if (!take("errors") && !take("warnings")) return std::nullopt;
    std::size_t skipped = 0;
    std::size_t most = select_limit_;
    if (take("limit") && !limit(&skipped, &most)) return std::nullopt;
    made.whole = true;
    for (const Condition& condition : last_.list->conditions) {
      if (only_errors && !condition.is_error()) continue;
      if (skipped > 0) {
        --skipped;
      } else if (made.rows.size() < most) {
        made.rows.push_back(condition);
      }
    }
    return made;
  }

  bool number(std::size_t* out) {
    if (at_.kind != TokenKind::kNumber) return false;
    const ByteView text = lexer_.text(at_);
    advance();
    const auto read = std::from_chars(text.data(), text.data() + text.size(), *out);
    return read.ec == std::errc() && read.ptr == text.data() + text.size();
  }

  /// LIMIT rows | LIMIT offset, rows | LIMIT rows OFFSET offset
  bool limit(std::size_t* offset, std::size_t* rows) {
    if (!number(rows)) return false;
    if (take(',')) {
      *offset = *rows;
      return number(rows);
    }
    return !take("offset") || number(offset);
  }

  const LastStatement& last_;
  sql::Lexer lexer_;
  std::size_t select_limit_;
  std::optional<std::int64_t> found_rows_;
  Token at_;
};

constexpr ByteView kWarningClass = "01";

/// Results without a character set of their own are in the server's.
ByteView charset_of(ByteView results) { return results.empty() || results == "binary" ? "utf8mb4" : results; }

bool is_wide(ByteView charset) {
  return charset.starts_with("utf16") || charset.starts_with("utf32") || charset == "ucs2";
}

/// A string that is the same whatever character sets are in force.
std::string in_charset(ByteView text, ByteView charset) {
  std::string plain = literal("", text);
  if (!plain.starts_with("x'")) return plain;
  return "_" + std::string(charset) + " " + plain;
}

/// How many of at most `most` bytes (a multiple of four) are whole letters.
std::size_t whole_letters(ByteView text, std::size_t most, ByteView charset) {
  if (text.size() <= most) return text.size();
  const auto is_middle = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  while (charset.starts_with("utf8") && most > 0 && is_middle(text[most])) --most;
  return most;
}

/// An expression that leaves a warning of this state, on a server that has blocks; empty where none is known.
ByteView warning_of(ByteView state, ByteView sql_mode) {
  if (sql_mode.find("ORACLE") != ByteView::npos) return {};  // another syntax of blocks
  if (state == "22003") return "CAST(999 AS DECIMAL(2,1))";
  if (state == "22007") return "CAST('x' AS INT)";
  if (state == "22012" && sql_mode.find("ERROR_FOR_DIVISION_BY_ZERO") != ByteView::npos) return "1/0";
  if (state == "HY000") return "BENCHMARK(-1,1)";
  return {};
}

}  // namespace

void pass_on(LastStatement* last, const sql::Statement& statement, const ReplyFacts& told, bool disturbed) {
  if (told.failed || told.warnings > 0) {
    last->list.reset();
  } else if (!leaves_list(statement)) {
    // What may have left it: the connection may still have one of before. It is lost then, and never an older one.
    last->list = last->list && is_program(statement) ? std::optional(ConditionList{}) : std::nullopt;
  }
  const std::int64_t now = told.failed || told.result_set ? -1 : static_cast<std::int64_t>(told.affected_rows);
  if (last->row_count && left_row_count(statement, told)) return;
  if (disturbed) {
    last->row_count = now;
  } else if (!statement.has(sql::effect::kReadsDiagnostics)) {
    last->row_count.reset();
  } else if (last->row_count && (!told.failed || statement.kind != sql::Kind::kEmpty)) {
    last->row_count = now;
  }
}

void complete(LastStatement* last, const SessionFacts& session) {
  if (!last->row_count) last->row_count = session.last_had_rows ? -1 : 0;
  if (!last->list) last->list.emplace();
}

void lose_connection(SessionFacts& session, const LastStatement& last, ConnectionSerial serial) {
  if (session.insert_id.on == serial) session.lost |= lost::kInsertId;
  if (session.found_rows.on == serial) session.lost |= lost::kFoundRows;
  if (session.diagnostics_on == serial && !last.whole()) session.lost |= lost::kList;
  forget_connection(session, serial);
}

std::optional<RememberedAnswer> remembered_answer(const LastStatement& last, ByteView sql, const sql::Context& context,
                                                  std::size_t select_limit, std::optional<std::int64_t> found_rows) {
  if (!last.row_count && !last.list && !found_rows) return std::nullopt;
  return Question(last, sql, context, select_limit, found_rows).answer();
}

std::string signals_of(const ConditionList& list, ByteView sql_mode) {
  constexpr std::size_t kMostOfMessage = 500;
  if (list.conditions.empty()) return {};
  const Condition& condition = list.conditions.back();
  const ByteView charset = charset_of(list.charset);
  const ByteView message =
      ByteView(condition.message).substr(0, whole_letters(condition.message, kMostOfMessage, charset));
  const std::string information = "SET MYSQL_ERRNO=" + condition.code + ",MESSAGE_TEXT=" + in_charset(message, charset);
  std::uint16_t code = 0;
  std::from_chars(condition.code.data(), condition.code.data() + condition.code.size(), code);
  const ByteView state = sqlstate_of(code);
  const bool warns = state.starts_with(kWarningClass);
  if (condition.is_error()) return "SIGNAL SQLSTATE '" + std::string(warns ? "45000" : state) + "' " + information;
  const ByteView cause = warning_of(state, sql_mode);
  if (warns || cause.empty()) return "SIGNAL SQLSTATE '" + std::string(warns ? state : "01000") + "' " + information;
  // SIGNAL makes errors of other states, RESIGNAL keeps the level of the warning that it passes on. MySQL has no such
  // block.
  return "/*M!100101 BEGIN NOT ATOMIC DECLARE EXIT HANDLER FOR SQLWARNING RESIGNAL*/ /*!50700 SIGNAL SQLSTATE "
         "'01000'*/ " +
         information + " /*M!100101 ; DO " + std::string(cause) + "; END*/";
}

std::string messages_in(const ConditionList& list, ByteView charset) {
  constexpr std::size_t kMost = 1024;
  const ByteView from = charset_of(list.charset);
  const ByteView to = charset_of(charset);
  const auto readable = [](const Condition& each) {
    return std::all_of(each.message.begin(), each.message.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  };
  const bool same_bytes = from == to || (!is_wide(from) && !is_wide(to) &&
                                         std::all_of(list.conditions.begin(), list.conditions.end(), readable));
  if (same_bytes || list.conditions.empty() || list.conditions.size() > kMost) return {};
  std::string text = "SELECT";
  for (const Condition& each : list.conditions) {
    text += text.back() == 'T' ? " " : ",";
    text += "CAST(CONVERT(" + in_charset(each.message, from) + " USING " + std::string(to) + ") AS BINARY)";
  }
  return text + " LIMIT 1";
}

}  // namespace hf::policy::session
