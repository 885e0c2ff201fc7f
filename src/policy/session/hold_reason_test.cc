#include "policy/session/hold_reason.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace hf::policy::session {
namespace {

std::string page() {
  std::ifstream file(std::string(HF_SOURCE_DIR) + "/docs/mysql-service.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string row_of(const HoldReason& reason) {
  return "\n| `" + std::string(reason.name) + "` | " + std::string(reason.sentence) + " |";
}

TEST(HoldReason, EachHasANameAndASentenceOfItsOwn) {
  std::set<std::string_view> names;
  std::set<std::string_view> sentences;
  std::size_t all = 0;
  for (std::size_t i = 0; i < kPinReasons; ++i, ++all) {
    names.insert(to_string(static_cast<PinReason>(i)));
    sentences.insert(words_of(static_cast<PinReason>(i)).sentence);
  }
  for (const HoldReason& reason : tie_reasons()) {
    names.insert(reason.name);
    sentences.insert(reason.sentence);
    ++all;
  }
  EXPECT_EQ(names.size(), all);
  EXPECT_EQ(sentences.size(), all);
  EXPECT_FALSE(names.contains(""));
  EXPECT_FALSE(sentences.contains(""));
}

TEST(HoldReason, TheDocumentationHasThemAllAndNoOther) {
  const std::string text = page();
  for (const HoldReason& reason : pin_reasons()) {
    EXPECT_NE(text.find(row_of(reason)), std::string::npos) << row_of(reason);
  }
  for (const HoldReason& reason : tie_reasons()) {
    EXPECT_NE(text.find(row_of(reason)), std::string::npos) << row_of(reason);
  }
  std::size_t rows = 0;
  const std::size_t begin = text.find("| reason |");
  ASSERT_NE(begin, std::string::npos);
  for (std::size_t at = begin; (at = text.find("\n| `", at + 1)) < text.find("\n##", begin);) ++rows;
  EXPECT_EQ(rows, pin_reasons().size() + tie_reasons().size()) << "rows of the page that the program does not know";
}

TEST(HoldReason, OfSeveralTiesTheOneThatLastsLongestIsNamed) {
  EXPECT_EQ(words_of_ties(tie::kTransaction | tie::kDiagnostics).name, "transaction");
  EXPECT_EQ(words_of_ties(tie::kTransaction | tie::kTableLock).name, "table-lock");
  EXPECT_EQ(words_of_ties(tie::kLogin | tie::kTransaction).name, "login");
  EXPECT_EQ(words_of_ties(tie::kDiagnostics).name, "diagnostics");
  EXPECT_EQ(words_of_ties(tie::kInsertId).name, "insert-id");
  EXPECT_EQ(words_of_ties(tie::kCursor).name, "cursor");
  EXPECT_EQ(words_of_ties(tie::kNextTransaction).name, "next-transaction");
  EXPECT_EQ(words_of_ties(0).name, "statement");
}

TEST(Ties, AreEitherHardOrSoft) { EXPECT_EQ(tie::kHard & tie::kSoft, 0U); }

}  // namespace
}  // namespace hf::policy::session
