# SPDX-License-Identifier: Apache-2.0
import os
import sys
import tempfile
import unittest

import changed

PLANTED = """
struct __attribute__((capability("mutex"))) Mutex {
  void Lock() __attribute__((acquire_capability()));
  void Unlock() __attribute__((release_capability()));
};
struct Counter {
  Mutex mutex;
  int value __attribute__((guarded_by(mutex)));
  int Get() { %s }
};
"""


class ChangedTest(unittest.TestCase):
    def test_a_changed_header_stands_for_its_source(self):
        known = {"lib/a.cc": 1, "lib/b.cc": 1}
        self.assertEqual(changed.sources_of(["lib/b.h", "lib/a.cc", "lib/b.cc", "x.md"], known),
                         ["lib/b.cc", "lib/a.cc"])

    def test_the_analysis_writes_nothing_and_keeps_the_include_paths(self):
        arguments = changed.syntax_arguments(
            "ccache /usr/bin/c++ -DX=1 -I/a -O2 -Werror -std=c++20 -MD -MT t -MF d -o o -c a.cc".split())
        self.assertEqual(arguments[:2], ["clang++", "-fsyntax-only"])
        self.assertEqual(arguments[-5:], ["-DX=1", "-I/a", "-O2", "-std=c++20", "a.cc"])

    def test_an_unguarded_read_is_found_and_a_guarded_one_is_not(self):
        bodies = {"bad.cc": "return value;",
                  "good.cc": "mutex.Lock(); int v = value; mutex.Unlock(); return v;"}
        with tempfile.TemporaryDirectory() as folder:
            jobs = []
            for name, body in bodies.items():
                with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
                    stream.write(PLANTED % body)
                argv = changed.syntax_arguments(["c++", "-std=c++20", "-c", name])
                jobs.append((name, folder, argv))
            done, failed = changed.run_all(jobs, 60)
        self.assertEqual(done, ["bad.cc", "good.cc"])
        self.assertEqual([path for path, _ in failed], ["bad.cc"])
        self.assertIn("requires holding mutex", failed[0][1])

    def test_out_of_time_is_not_a_pass(self):
        jobs = [("a.cc", ".", [sys.executable, "-c", ""])]
        self.assertEqual(changed.run_all(jobs, -1), ([], []))


if __name__ == "__main__":
    unittest.main()
