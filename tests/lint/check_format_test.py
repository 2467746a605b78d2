# SPDX-License-Identifier: Apache-2.0
import os
import shutil
import tempfile
import unittest

import check_format
import tree


class CheckFormatTest(unittest.TestCase):
    def test_an_unformatted_file_is_found_and_a_formatted_one_is_not(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(os.path.join(tree.ROOT, ".clang-format"), folder)
            for name, text in (("good.cc", "int x = 1;\n"), ("bad.cc", "int  y=1 ;\nint z  ;\n")):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
                    stream.write(text)
            found = check_format.find(folder, ["good.cc", "bad.cc"])
        self.assertEqual([(f.path, f.line) for f in found], [("bad.cc", 1)])


if __name__ == "__main__":
    unittest.main()
