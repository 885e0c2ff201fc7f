"""Samples for docs_names: what it lets pass, and what it finds."""
import unittest

from docs_names import Catalogue, complaints, members_of, spans

HEADER = """
namespace hf::service {
class Shard;
enum class Mode : unsigned char { kIdle,
                                  kBusy = 2 };
inline constexpr int kMost = 64;
struct Facts {
  bool serving = true;
  std::map<int, std::function<void(Event)>> waiting{};
  Deadline timer, probe;
};
class [[nodiscard]] Shard final : public Model {
 public:
  explicit Shard(int id) : id_(id) {}
  void post(std::function<void()> work) { loop_.post(std::move(work)); }
  template <typename T>
  static Task<T> run(T value);
  struct Kept {
    std::string reason;
  };
  class Return;

 private:
  void take_leases();
  friend class Stranger;
  int id_;
  unsigned bits_ : 3;
};
Result<void> resolve(const Facts& facts);
}  // namespace hf::service
"""
SOURCE = """
#include "service/shard.h"
namespace hf::service {
namespace { constexpr int kQuiet = 1; }
struct Shard::Return { int heir = 0; };
void Shard::take_leases() { int inner = 0; if (inner) restart(inner); }
}  // namespace hf::service
"""
PATHS = """README.md docs/vip.md docs/life-of-a-query.md scripts/lint scripts/checks/tree.py tests/vip/conftest.py src/service/shard.h
src/service/shard.cc src/service/mysql/run.cc src/service/run_test.cc src/proto/arp/frame.h src/proto/README.md""".split()
RUN = 'void run(Session& s) { store("%s"); }'
CATALOGUE = Catalogue(PATHS, {"src/service/shard.h": (HEADER, HEADER), "src/service/shard.cc": (SOURCE, SOURCE),
                              "src/service/mysql/run.cc": (RUN % "    ", RUN % "hold_timeout")},
                      ["def eventually(condition):\n    return condition()\n"])
ABOUT_CODE, ROOM, FOR_OPERATORS = "docs/architecture.md", "src/service/README.md", "docs/vip.md"


class Samples(unittest.TestCase):
    def good(self, samples, document=ABOUT_CODE):
        for sample in samples.split("; "):
            self.assertEqual(found(sample, document), [], sample)

    def bad(self, samples, document=ABOUT_CODE):
        for sample in samples.split("; "):
            self.assertEqual(len(found(sample, document)), 1, sample)

    def test_a_path_is_the_end_of_one_that_is_there(self):
        self.good("`run.cc`; `mysql/run.cc`; `service/mysql/run.cc`; `src/service/mysql/run.cc`; `vip.md`; `./scripts/lint`")
        self.bad("`walk.cc`; `sql/run.cc`; `tcp/run.cc`; `src/mysql/run.cc`; `un.cc`; `docs/events.md`; `scripts/lent`")

    def test_a_folder_is_one_that_is_there(self):
        self.good("`proto/arp/`; `arp/`; `proto/arp`; `tests/vip`; `src/`")
        self.bad("`proto/icmp/`; `proto/icmp`; `tests/vip6`; `tests/corpus/<fuzzer>/`")

    def test_signs_stand_for_any_name(self):
        self.good("`*_test.cc`; `x.cc`; `x_test.cc`; `proto/<protocol>/`; `…/frame.h`; `tests/*/conftest.py`")
        self.bad("`*_fuzz.cc`; `x_fuzz.cc`; `<room>/arp.h`")

    def test_a_room_speaks_of_its_own_files_or_names_the_whole_path(self):
        self.good("`run.cc`; `mysql/run.cc`; `proto/arp/frame.h`; `src/proto/arp/frame.h`; `docs/vip.md`", ROOM)
        self.bad("`frame.h`; `arp/frame.h`", ROOM)
        self.good("`arp/frame.h`", "src/proto/netlink/README.md")

    def test_what_is_not_in_the_tree_is_no_path_of_ours(self):
        self.good("`/etc/holdfast/tls.toml`; `/api/v1/status`; `build/test-logs/`; `haproxy.cfg`; `db1/db2`; `.cc`; `std::string_view`")
        self.good("`--config x.toml`; `holdfast check > docs/none.md`")

    def test_members_are_declared_in_their_class_or_namespace(self):
        self.good("`Shard::post`; `Shard::take_leases`; `service::Shard::run`; `hf::service`; `Mode::kBusy`; `Facts::serving`")
        self.good("`Facts::waiting`; `Facts::timer`; `Shard::Return::heir`; `Shard::Kept::reason`; `service::kMost`; `Shard::bits_`")
        self.good("`service::resolve`; `resolve(…, Mode::kIdle, …)`")
        self.bad("`Shard::push`; `Shard::Mode`; `Shart::post`; `proto::Shard`; `Shard::inner`; `Shard::work`; `Shard::Stranger`")
        self.bad("`Mode::kGone`; `resolve(…, Mode::kGone, …)`")

    def test_a_name_with_parentheses_is_a_function(self):
        self.good("`take_leases()`; `resolve(facts)`; `eventually()`; `ROW_COUNT()`; `LAST_INSERT_ID(n)`; `SELECT f(x)`", FOR_OPERATORS)
        self.bad("`take_lease()`; `resolved(facts)`", FOR_OPERATORS)

    def test_bare_names_are_looked_at_in_documents_about_the_code(self):
        self.good("`Shard`; `kMost`; `take_leases`; `hold_timeout`; `run_test`; `serving`; `SELECT`; `WHERE`; `db1`")
        self.bad("`Shart`; `kLeast`; `take_lease`; `HF_NEVER`")
        self.good("`max_join_size`; `Shart`; `holdfast_vip_state`; `HF-5001`", FOR_OPERATORS)
        self.bad("`take_lease`", "docs/life-of-a-query.md")
        self.bad("`take_lease`", ROOM)

    def test_names_right_behind_a_file_stand_in_it(self):
        self.good("`shard.cc` `take_leases`, `post`; `shard.h` `take_leases`; `run.cc` `run`: `post`; `run.cc` and `post`")
        self.good("`run.cc`, `shard.h` `post`; `run.cc` `run`, `Shard::post`; `docs/vip.md` `post`")
        self.bad("`run.cc` `post`; `run.cc` `run`, `post`; `run.cc`\n`Shard::post`; `run.cc` `resolve()`")

    def test_blocks_are_no_prose_and_lines_are_counted(self):
        markdown = "# a\n```\n`walk.cc`\n```\nit is `run.cc` and\n`take\nleases` or `walk.cc`\n"
        self.assertEqual([line for line, _ in complaints(FOR_OPERATORS, markdown, CATALOGUE)], [7])
        self.assertEqual([(line, span) for line, span, _ in spans(markdown)], [(5, "run.cc"), (6, "take leases"), (7, "walk.cc")])

    def test_what_code_calls_by_its_full_name_exists(self):
        self.assertIn(("net", "connect"), members_of("void f() { co_await net::connect(loop); }"))
        self.assertNotIn(("Shard", "inner"), members_of(SOURCE))


def found(markdown, document):
    return [what for _, what in complaints(document, markdown, CATALOGUE)]


if __name__ == "__main__":
    unittest.main()
