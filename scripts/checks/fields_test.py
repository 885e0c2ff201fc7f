"""Samples for fields: what is a data member, and what makes a class do something."""
import unittest

from fields import check_fields, classes_of


def seen(body, kind="class"):
    found = classes_of(f"namespace hf {{\n{kind} A final : public B {{\n{body}\n}};\n}}\n")
    return [(each.name, each.fields, each.behaves) for each in found]


class FieldsTest(unittest.TestCase):
    def test_members_are_counted_however_they_are_written(self):
        self.assertEqual(seen("int a; int b, c = 2;\nstd::map<int, std::function<void(int)>> d{};\nunsigned e : 3;\nvoid (*f)(int) = nullptr;\n"
                              "std::array<char, 3> g_ = {};\nmutable std::mutex h_;\nconst Shard& i_{*this};"), [("A", 9, False)])

    def test_what_belongs_to_the_type_is_none(self):
        self.assertEqual(seen("using X = int;\nstatic constexpr int kMost = 3;\nstatic int count;\nfriend class B;\nenum class E { k, j };\nclass C;"), [("A", 0, False)])

    def test_values_have_constructors_operators_and_short_bodies(self):
        self.assertEqual(seen(" public:\n  A() = default;\n  explicit A(int a) : a_{a}, b_(2) {}\n  ~A();\n  A& operator=(const A&);\n"
                              "  bool operator()(int a = {});\n  bool empty() const { return a_ == 0; }\n private:\n  int a_;\n  int b_;", "struct"), [("A", 2, False)])

    def test_a_function_that_is_declared_or_long_makes_a_class_do_something(self):
        self.assertEqual(seen("void run(int a = {});\nint a;"), [("A", 1, True)])
        self.assertEqual(seen("void run() {\n    int local = 1;\n    other();\n  }\nint a;"), [("A", 1, True)])
        self.assertEqual(seen("virtual Result<std::map<int, int>> run() = 0;"), [("A", 0, True)])

    def test_nested_classes_count_for_themselves(self):
        self.assertEqual(seen("struct In {\n int a;\n int b;\n} in_;\nint c;"), [("A", 2, False), ("In", 2, False)])

    def test_an_exception_that_nothing_needs_is_to_be_taken_out(self):
        self.assertIn("Nobody in app/none", "".join(check_fields({("app/none", "Nobody"): "reason"})))


if __name__ == "__main__":
    unittest.main()
