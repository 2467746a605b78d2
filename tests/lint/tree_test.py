# SPDX-License-Identifier: Apache-2.0
import unittest

import tree


class TreeTest(unittest.TestCase):
    def test_the_project_is_found_and_build_folders_are_not(self):
        loaded = tree.load()
        self.assertTrue(loaded.has("tests/lint/tree.py"))
        self.assertTrue(loaded.has("CMakeLists.txt"))
        self.assertEqual([p for p in loaded.paths() if p.startswith((".git/", "build"))], [])

    def test_comments_and_literals_become_blanks_of_the_same_shape(self):
        for code, bare, with_strings in (
                ("a // b\nc", "a     \nc", "a     \nc"),
                ("a /* b\nc */ d", "a     \n     d", "a     \n     d"),
                ('f("x//y") // z', 'f("    ")     ', 'f("x//y")     '),
                (r'f("a\"b") ', r'f("    ") ', r'f("a\"b") '),
                ("c = '\"'; // d", "c = ' ';     ", "c = '\"';     "),
                ("n = 1'000'000; // d", "n = 1'000'000;     ", "n = 1'000'000;     "),
                ('R"(a "// b)" c', 'R          " c', 'R"(a "// b)" c')):
            self.assertEqual(tree.strip_comments(code), bare)
            self.assertEqual(tree.strip_comments(code, keep_strings=True), with_strings)

    def test_line_numbers_start_at_one(self):
        lines = tree.Lines("a\nb\n\nc")
        self.assertEqual([lines.at(p) for p in (0, 1, 2, 4, 5)], [1, 1, 2, 3, 4])


if __name__ == "__main__":
    unittest.main()
