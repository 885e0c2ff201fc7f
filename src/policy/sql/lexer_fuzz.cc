// Any bytes, any context. Oracles: tokens cover the text in order; the cache never differs from the classifier.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "policy/sql/classifier.h"
#include "policy/sql/set_list.h"
#include "policy/sql/shape_cache.h"

using namespace hf::policy::sql;  // NOLINT(google-build-using-namespace)

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void walk(hf::ByteView text, const Context& context, VersionedComments versioned) {
  Lexer lexer(text, context, versioned);
  std::size_t end = 0;
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    require(token.begin >= end && token.end > token.begin && token.end <= text.size());
    require(token.glued == (token.begin == end));
    end = token.end;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Context context;
  context.charset = static_cast<Charset>(data[0] % 7);
  context.flavor = static_cast<Flavor>(data[0] / 7 % 3);
  context.ansi_quotes = (data[1] & 1) != 0;
  context.no_backslash_escapes = (data[1] & 2) != 0;
  context.ignore_space = (data[1] & 4) != 0;
  const hf::ByteView text(reinterpret_cast<const char*>(data) + 2, size - 2);

  walk(text, context, VersionedComments::kExecute);
  walk(text, context, VersionedComments::kSkip);

  static hf::Random random(1);
  static ShapeCache cache(4096, random);
  const Statement direct = classify(text, context);
  require(cache.lookup_or_classify(text, context) == direct);
  require(!direct.has(effect::kComputedValue) || direct.has(effect::kUnknownState));
  require(direct.route != Route::kReader ||
          !direct.has(effect::kUnterminated | effect::kUserVariable | effect::kLocking));

  SetList list(text, context);
  while (list.next()) {}
  require(shape_text(text, context, 100).size() <= 100);
  return 0;
}
