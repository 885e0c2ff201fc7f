"""Samples for sizes: where a function of C++ begins and ends."""
import unittest

from sizes import check_functions, cpp_functions, wide_lines


def functions(content):
    return [(name, lines) for _, name, lines in cpp_functions(content)]


class SizesTest(unittest.TestCase):
    def test_a_function_counts_from_its_head_to_its_end(self):
        self.assertEqual(functions("int f(int a,\n      int b) {\n  return a;\n}\nvoid A::g() {}\n"), [("f", 4), ("A::g", 1)])

    def test_lambdas_and_blocks_inside_count_towards_it(self):
        self.assertEqual(functions("void f() {\n  call([] {\n    if (a) { b(); }\n  });\n}\n"), [("f", 5)])

    def test_members_within_a_class_are_functions_the_class_is_none(self):
        self.assertEqual(functions("class A {\n public:\n  A() : b_{1}, c_{} {\n    d();\n  }\n  int b() const { return b_; }\n  int b_{0};\n};\n"), [("A", 3), ("b", 1)])

    def test_default_arguments_are_no_body(self):
        self.assertEqual(functions("void f(Options options = {}, int b = 1) {\n  a();\n}\n"), [("f", 3)])

    def test_macros_are_not_code(self):
        self.assertEqual(functions("#define A \\\n  ::std::abort()\n#define B f() {\nvoid g() {}\n"), [("g", 1)])

    def test_a_test_is_called_by_its_name(self):
        self.assertEqual(functions("TEST_F(Ledger, Learns) {\n}\n"), [("Ledger.Learns", 2)])

    def test_a_table_that_is_no_long_one_is_to_be_taken_out(self):
        self.assertIn("nobody in app/none.cc", "".join(check_functions({("app/none.cc", "nobody"): "reason"})))

    def test_a_line_has_at_most_120_columns_where_no_table_stands(self):
        wide = "x" * 121
        self.assertEqual(wide_lines(f"{wide[1:]}\n{wide}\n// clang-format off\n{wide}\n// clang-format on\n{wide}\n"), [(2, 121), (6, 121)])


if __name__ == "__main__":
    unittest.main()
