# SPDX-License-Identifier: Apache-2.0
import unittest

import check_files
from tree import Tree

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


def problems(path, text):
    return [f.message for f in check_files.check(Tree({path: text}))]


class CheckFilesTest(unittest.TestCase):
    def test_sizes_have_a_limit(self):
        self.assertEqual(problems("lib/a.cc", SPDX + "\n" * 599), [])
        self.assertIn("601 lines", problems("lib/a.cc", SPDX + "\n" * 600)[0])
        head = SPDX + "#pragma once\n"
        self.assertEqual(problems("lib/a.h", head + "\n" * 298), [])
        self.assertIn("301 lines", problems("lib/a.h", head + "\n" * 299)[0])
        self.assertEqual(problems("modules/x/testdata/big.lua", "\n" * 5000), [])
        self.assertEqual(problems("docs/long.md", "\n" * 5000), [])

    def test_a_reason_raises_the_limit_and_does_not_outlive_its_need(self):
        check_files.LONGER["lib/long.cc"] = (700, "one table")
        try:
            self.assertEqual(problems("lib/long.cc", SPDX + "\n" * 699), [])
            self.assertEqual(len(problems("lib/long.cc", SPDX + "\n" * 700)), 1)
            self.assertIn("short again", problems("lib/long.cc", SPDX)[0])
        finally:
            del check_files.LONGER["lib/long.cc"]

    def test_licence_line_and_pragma_once(self):
        self.assertEqual(len(problems("lib/a.cc", "int x;\n")), 1)
        self.assertEqual(len(problems("lib/a.h", SPDX + "int x;\n")), 1)
        self.assertEqual(problems("lib/a.h", SPDX + "#pragma once\n"), [])

    def test_machine_paths_are_found(self):
        for text in ("see /work/main/x", "(/root/.pyenv/shims)", "'/home/jo/src/fettle'",
                     "/tmp/bash_jobs.0/1"):
            self.assertEqual(len(problems("docs/a.md", text)), 1, text)

    def test_paths_of_managed_hosts_are_not(self):
        for text in ("/root/.ssh/authorized_keys", "/srv/work/data", "https://a.example/work/b",
                     "/home/ann/.bashrc", "/var/lib/fettle/work/x", "/home/<you>/src/x"):
            self.assertEqual(problems("docs/a.md", text), [], text)


if __name__ == "__main__":
    unittest.main()
