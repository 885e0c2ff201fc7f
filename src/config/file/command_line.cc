#include "config/file/command_line.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace hf::config::file {

namespace {

constexpr std::string_view kShellOnly = "|&;<>()$`*?[";  // outside of quotes
constexpr std::string_view kShellAtWordStart = "~#";
constexpr std::string_view kShellInDoubleQuotes = "$`";
constexpr std::string_view kEscapedInDoubleQuotes = "\"\\$`";

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  Result<std::vector<std::string>> split() {
    while (next_ < text_.size() && !error_) step(text_[next_++]);
    if (error_) return *std::move(error_);
    end_word();
    if (words_.empty()) return Error{ErrorCode::kInvalidArgument, "it names no program"};
    return std::move(words_);
  }

 private:
  void step(char c) {
    if (c == ' ' || c == '\t') return end_word();
    if (c == '\'') return quoted_part();
    if (c == '"') return double_quoted_part();
    if (c == '\\') return escaped();
    if (kShellOnly.find(c) != std::string_view::npos) return needs_shell(c);
    if (!word_ && kShellAtWordStart.find(c) != std::string_view::npos) return needs_shell(c);
    add(c);
  }

  void quoted_part() {
    const std::size_t end = text_.find('\'', next_);
    if (end == std::string_view::npos) return fail("a quote is not closed");
    word().append(text_.substr(next_, end - next_));
    next_ = end + 1;
  }

  void double_quoted_part() {
    word();  // "" is a word too
    while (next_ < text_.size()) {
      const char c = text_[next_++];
      if (c == '"') return;
      if (kShellInDoubleQuotes.find(c) != std::string_view::npos) return needs_shell(c);
      const bool escapes =
          c == '\\' && next_ < text_.size() && kEscapedInDoubleQuotes.find(text_[next_]) != std::string_view::npos;
      add(escapes ? text_[next_++] : c);
    }
    fail("a quote is not closed");
  }

  void escaped() {
    if (next_ == text_.size()) return fail("a backslash at the end escapes nothing");
    add(text_[next_++]);
  }

  void needs_shell(char c) {
    error_ = Error{ErrorCode::kUnsupported, fmt::format("only a shell understands \"{}\", and none runs it", c)};
  }
  void fail(std::string why) { error_ = Error{ErrorCode::kInvalidArgument, std::move(why)}; }

  std::string& word() {
    if (!word_) word_.emplace();
    return *word_;
  }
  void add(char c) { word().push_back(c); }
  void end_word() {
    if (word_) words_.push_back(*std::exchange(word_, std::nullopt));
  }

  std::string_view text_;
  std::size_t next_ = 0;
  std::optional<std::string> word_;
  std::vector<std::string> words_;
  std::optional<Error> error_;
};

std::string with_escapes(std::string_view word, std::string_view escaped) {
  std::string out;
  for (const char c : word) {
    if (escaped.find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string quoted_word(std::string_view word) {
  constexpr std::string_view kEscapedOutside = "|&;<>()$`*?[~# \t'\"\\";
  const std::string bare = with_escapes(word, kEscapedOutside);
  if (!word.empty() && bare.size() == word.size()) return bare;
  if (word.find('\'') == std::string_view::npos) return fmt::format("'{}'", word);
  const std::string in_double = fmt::format("\"{}\"", with_escapes(word, kEscapedInDoubleQuotes));
  return in_double.size() < bare.size() ? in_double : bare;
}

}  // namespace

std::string join_command(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + quoted_word(word);
  return text;
}

Result<std::vector<std::string>> split_command(std::string_view text) { return Splitter(text).split(); }

}  // namespace hf::config::file
