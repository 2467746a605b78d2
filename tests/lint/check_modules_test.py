# SPDX-License-Identifier: Apache-2.0
import unittest

import check_modules
from tree import Tree

WHOLE = {f"modules/motd/{part.format(x='motd')}": "\n" * 9 for part in check_modules.PARTS}


class CheckModulesTest(unittest.TestCase):
    def test_a_whole_type_passes(self):
        tree = Tree({**WHOLE, "modules/CMakeLists.txt": "", "modules/registry.h": ""})
        self.assertEqual(check_modules.check(tree), [])

    def test_each_missing_part_is_found(self):
        for missing in WHOLE:
            tree = Tree({p: t for p, t in WHOLE.items() if p != missing})
            self.assertEqual([f.path for f in check_modules.check(tree)], [missing])

    def test_an_empty_page_is_found(self):
        tree = Tree({**WHOLE, "modules/motd/README.md": "# motd\n"})
        self.assertEqual([f.path for f in check_modules.check(tree)], ["modules/motd/README.md"])


if __name__ == "__main__":
    unittest.main()
