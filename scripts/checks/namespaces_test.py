"""Samples for namespaces: what it lets pass, and what it finds."""
import unittest

from namespaces import complaints

FOLDERS = {("base",), ("service",), ("service", "mysql"), ("service", "tcp"), ("policy", "sql")}


def found(content, place=("service", "mysql"), name="run.cc"):
    return [line for line, _ in complaints(place, name, content, FOLDERS)]


class Samples(unittest.TestCase):
    def test_a_file_is_in_the_namespace_of_its_folder(self):
        self.assertEqual(found("namespace hf::service::mysql {\nint a;\n}"), [])
        self.assertEqual(found("namespace hf::service {\nint a;\n}"), [1])
        self.assertEqual(found("\nnamespace hf::service::tcp {\nint a;\n}\nnamespace hf::service::mysql { int b; }"), [2])
        self.assertEqual(found("int a;"), [1])

    def test_or_in_one_within_it_that_has_no_folder(self):
        self.assertEqual(found("namespace hf::service::mysql::events {\nint a;\n}"), [])
        self.assertEqual(found("namespace hf::service::mysql {\nint a;\n}", place=("service",)), [1])
        self.assertEqual(found("namespace hf::service::mysql {\nnamespace reply {\nint a;\n}\nnamespace {\nint b;\n}\n}"), [])

    def test_others_are_declared_where_they_are(self):
        self.assertEqual(found("namespace hf::service {\nclass Shard;\nstruct Facts;\n}\nnamespace hf::service::mysql { int a; }"), [])
        self.assertEqual(found("namespace hf::service {\nclass Shard;\nint a;\n}\nnamespace hf::service::mysql { int a; }"), [1])

    def test_base_is_plain(self):
        self.assertEqual(found("namespace hf {\nint a;\n}\nnamespace hf::events { int b; }", place=("base",)), [])
        self.assertEqual(found("namespace hf::policy::sql::effect {\nint a;\n}", place=("base",)), [1])

    def test_what_a_library_calls_has_none(self):
        call = 'namespace { int a; }\nextern "C" int LLVMFuzzerTestOneInput() { return 0; }'
        self.assertEqual(found(call, name="lexer_fuzz.cc"), [])
        self.assertEqual(found(call, name="lexer.cc"), [1])
        self.assertEqual(found("int main() { return 0; }", name="main.cc"), [])

    def test_macros_and_braces_of_values_are_not_in_the_way(self):
        self.assertEqual(found("#define HF_A { \\\n  {\nnamespace hf::service::mysql {\nint a[] = {1, 2};\nvoid f() { if (a[0]) { } }\n}"), [])


if __name__ == "__main__":
    unittest.main()
