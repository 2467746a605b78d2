# SPDX-License-Identifier: Apache-2.0
import unittest

import check_traps
from tree import Tree

CODE = {"lib/a_test.cc": "TEST(A, Holds) {}", "tests/lab/test_b.py": "class B:\n    def test_holds(self):\n"}


def page(**changed):
    rows = {f"n{i}": "`A.Holds`" for i in range(1, check_traps.TRAPS + 1)}
    rows.update(changed)
    return {check_traps.PAGE: "".join(f"| {key[1:]} | what | {tests} |\n" for key, tests in rows.items() if tests)}


def found(files):
    return [finding.line for finding in check_traps.check(Tree({**CODE, **files}))]


class CheckTrapsTest(unittest.TestCase):
    def test_a_whole_page_passes(self):
        self.assertEqual(found(page(n2="`test_b.test_holds` `A.Holds`", n3="no such type", n4="not yet: rollouts")), [])

    def test_a_test_that_is_gone_is_found(self):
        self.assertEqual(found(page(n2="`A.Gone`", n5="`test_b.test_gone`")), [2, 5])

    def test_a_line_without_test_or_reason_is_found(self):
        self.assertEqual(found(page(n3="later")), [3])

    def test_a_missing_trap_and_a_missing_page_are_found(self):
        self.assertEqual(found(page(n7="")), [1])
        self.assertEqual(found({}), [1])


if __name__ == "__main__":
    unittest.main()
