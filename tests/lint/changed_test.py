# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import changed


def commit(folder, date, *names):
    for name in names:
        with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
            stream.write(date)
    environment = dict(os.environ, GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
    run = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*run, "add", "."], check=True)
    subprocess.run([*run, "commit", "-q", "-m", date], check=True, env=environment)


class SourcesTest(unittest.TestCase):
    def test_a_changed_header_stands_for_its_source(self):
        known = {"lib/a.cc", "lib/b.cc"}
        self.assertEqual(changed.sources_of(["lib/b.h", "lib/a.cc", "lib/b.cc", "x.md"], known),
                         ["lib/b.cc", "lib/a.cc"])


class ChangedPathsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        patch = mock.patch.object(changed.project, "ROOT", self.folder)
        patch.start()
        self.addCleanup(patch.stop)
        subprocess.run(["git", "init", "-q", "-b", "main", self.folder], check=True)
        commit(self.folder, "2020-01-01T00:00:00Z", "old.cc")
        commit(self.folder, "2020-02-01T00:00:00Z", "first.cc")
        commit(self.folder, "2020-02-01T10:00:00Z", "second.cc")

    def test_without_a_base_the_last_day_of_the_history_counts_however_long_ago(self):
        self.assertEqual(changed.changed_paths()[1], ["second.cc", "first.cc"])

    def test_with_a_base_what_is_beyond_it_counts(self):
        with mock.patch.dict(os.environ, TIDY_BASE="HEAD~1"):
            self.assertEqual(changed.changed_paths()[1], ["second.cc"])

    def test_what_is_not_committed_comes_first(self):
        with open(os.path.join(self.folder, "old.cc"), "w", encoding="utf-8") as stream:
            stream.write("edited")
        self.assertEqual(changed.changed_paths()[1][0], "old.cc")


class RunAllTest(unittest.TestCase):
    def test_a_finding_is_told_with_its_file(self):
        jobs = [("good.cc", [sys.executable, "-c", ""]),
                ("bad.cc", [sys.executable, "-c", "import sys; sys.exit('a finding')"])]
        self.assertEqual(changed.run_all(jobs, 60), (["good.cc", "bad.cc"], [("bad.cc", "a finding\n")]))

    def test_findings_in_headers_of_others_are_none_of_ours(self):
        other = "/usr/include/c++/12/variant:564:4: error: recursive [misc-no-recursion]\n  code\nx: note: frame\n"
        own = f"{changed.project.ROOT}/lib/a.h:1:2: error: recursive [misc-no-recursion]\n  code\n"
        script = "import sys; sys.stdout.write(sys.argv[1]); sys.exit(1)"
        jobs = [("other.cc", [sys.executable, "-c", script, other]),
                ("both.cc", [sys.executable, "-c", script, other + own + other])]
        self.assertEqual(changed.run_all(jobs, 60)[1], [("both.cc", own)])

    def test_out_of_time_is_not_a_pass(self):
        self.assertEqual(changed.run_all([("a.cc", [sys.executable, "-c", ""])], -1), ([], []))


if __name__ == "__main__":
    unittest.main()
