"""Samples for cycles: what goes round, and what is written down."""
import unittest

from cycles import circles, complaints
from tree import SRC


def arrows(**targets):
    return {unit: {target: (SRC / f"{unit}.cc", 1) for target in to.split()} for unit, to in targets.items()}


class CyclesTest(unittest.TestCase):
    def test_each_circle_is_found_once_and_whole(self):
        found = circles(arrows(a="b", b="c d", c="a", d="e", e="d", f="a e"))
        self.assertEqual(sorted(map(sorted, found)), [["a", "b", "c"], ["d", "e"]])

    def test_what_goes_down_is_no_circle(self):
        self.assertEqual(list(complaints(arrows(a="b c", b="c", c=""), {})), [])

    def test_two_that_include_each_other_are_told_with_a_place(self):
        self.assertEqual(list(complaints(arrows(a="b", b="a"), {})), ["src/a.cc:1: the units a, b include each other"])

    def test_an_arrow_that_is_written_down_opens_its_circle_only(self):
        known = {("a", "b"): "reason"}
        self.assertEqual(list(complaints(arrows(a="b", b="a"), known)), [])
        self.assertEqual(len(list(complaints(arrows(a="b", b="a c", c="b"), known))), 1)

    def test_an_arrow_that_closes_nothing_is_to_be_taken_out(self):
        self.assertIn("a to b", "".join(complaints(arrows(a="b", b=""), {("a", "b"): "reason"})))


if __name__ == "__main__":
    unittest.main()
