#include "policy/session/last_statement.h"

#include <charconv>

#include "policy/session/settings.h"

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
  Question(const LastStatement& last, ByteView sql, const sql::Context& context, std::size_t select_limit)
      : last_(last), lexer_(sql, context), select_limit_(select_limit) {
    advance();
  }

  std::optional<RememberedAnswer> answer() {
    std::optional<RememberedAnswer> made;
    if (take("select")) {
      made = select();
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

  std::optional<std::int64_t> warnings() const { return last_.list ? std::optional(static_cast<std::int64_t>(last_.list->warnings)) : std::nullopt; }
  std::optional<std::int64_t> errors() const { return last_.list ? std::optional(static_cast<std::int64_t>(last_.list->errors)) : std::nullopt; }

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
    const bool counts = is("row_count");
    if (!counts && !is("found_rows") && !is("last_insert_id")) return false;
    advance();
    if (counts) *value = last_.row_count;
    return take('(') && take(')');
  }

  void skip_alias() {
    const bool as = take("as");
    const bool name = at_.kind == TokenKind::kWord || at_.kind == TokenKind::kQuotedName || at_.kind == TokenKind::kString;
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
  Token at_;
};

}  // namespace

std::optional<RememberedAnswer> remembered_answer(const LastStatement& last, ByteView sql, const sql::Context& context, std::size_t select_limit) {
  if (!last.row_count && !last.list) return std::nullopt;
  return Question(last, sql, context, select_limit).answer();
}

std::string signals_of(const ConditionList& list) {
  constexpr std::size_t kMostOfMessage = 500;
  if (list.conditions.empty()) return {};
  const Condition& condition = list.conditions.back();
  return std::string("SIGNAL SQLSTATE '") + (condition.is_error() ? "45000" : "01000") + "' SET MYSQL_ERRNO=" + condition.code +
         ",MESSAGE_TEXT=" + literal("", condition.message.substr(0, kMostOfMessage));
}

}  // namespace hf::policy::session
