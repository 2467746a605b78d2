# SPDX-License-Identifier: Apache-2.0
import unittest

import check_calls
from tree import Tree


def problems(path, text):
    return [f.message for f in check_calls.check(Tree({path: text}))]


class CheckCallsTest(unittest.TestCase):
    def assert_found(self, path, text, word):
        found = problems(path, text)
        self.assertEqual(len(found), 1, f"{path}: {text!r} -> {found}")
        self.assertIn(word, found[0])

    def test_banned_calls_are_found(self):
        for path, text, word in (
                ("lib/sys/a.cc", "std::filesystem::remove_all(path);", "remove_all"),
                ("cli/a.cc", 'system("ls");', "system"),
                ("cli/a.cc", 'std::system("ls");', "system"),
                ("cli/a.cc", 'return ::popen("ls", "r");', "popen"),
                ("lib/sys/a.cc", "x = strerror(errno);", "strerror"),
                ("agent/engine/a.cc", "open(p, O_WRONLY | O_CLOEXEC);", "raw write"),
                ("modules/file/file.cc", "openat(d, p, O_CREAT);", "raw write"),
                ("server/api/a.cc", "std::ofstream out(path);", "raw write"),
                ("agent/engine/a.cc", "std::thread t(f);", "std::thread"),
                ("server/api/a.cc", "std::vector<std::jthread> pool;", "std::thread"),
                ("lib/sys/a.cc", "getpwnam(name);", "shared static"),
                ("lib/sys/a.cc", "return getgrgid(5);", "shared static"),
                ("lib/sys/a.cc", "using namespace std;\n", "using namespace"),
                ("lib/sys/a_test.cc", "TEST(A, DISABLED_B) {}", "disabled"),
                ("lib/sys/a.cc", "std::cout << 1;", "printing"),
                ("modules/file/file.cc", "printf(x);", "printing"),
                ("lib/sys/a.cc", "#include <spdlog/spdlog.h>\n", "logging"),
                ("modules/file/file.cc", "spdlog::info(x);", "logging")):
            self.assert_found(path, text, word)

    def test_what_only_looks_like_them_passes(self):
        for path, text in (
                ("cli/a.cc", "file_system(x); clock.system(); host->system(); Os::system();"),
                ("cli/a.cc", "// system(ls) and strerror(errno)\n/* popen( */"),
                ("cli/a.cc", 'Run("system(ls)"); auto s = R"(popen("x"))";'),
                ("lib/sys/a.cc", "getpwnam_r(a, b); strerror_r(e, b); getgrnam_r(a);"),
                ("lib/sys/a.cc", "open(p, O_RDONLY | O_CLOEXEC);"),
                ("agent/engine/a.cc", "std::thread::id who; std::this_thread::yield();"),
                ("cli/a.cc", "std::cout << 1; spdlog::info(1);"),
                ("lib/sys/a.cc", "snprintf(b, n, f); vfprintf(f);"),
                ("lib/sys/a.cc", "void F() {\n  using namespace std::literals;\n}"),
                ("lib/sys/a_test.cc", "std::ofstream f(p); std::thread t(g); remove_all(p);")):
            self.assertEqual(problems(path, text), [], f"{path}: {text!r}")

    def test_exceptions_hold_only_where_they_are_given(self):
        text = "open(p, O_WRONLY);"
        for path in ("lib/sys/a.cc", "agent/journal/a.cc", "server/store/sqlite/a.cc"):
            self.assertEqual(problems(path, text), [], path)
        self.assert_found("server/fleet/a.cc", text, "raw write")
        self.assertEqual(problems("lib/base/parallel.cc", "std::thread t(f);"), [])

    def test_a_todo_names_an_issue(self):
        self.assertEqual(problems("cli/a.cc", "// TODO(#12): later\n"), [])
        self.assert_found("cli/a.cc", "// TODO: later\n", "TODO")
        self.assert_found("cli/a.cc", "x();  // TODO(jo): later\n", "TODO")
        self.assert_found("tests/lab/a.py", "x = 1  # FIXME soon\n", "TODO")
        self.assertEqual(problems("cli/a.cc", 'Say("TODO");\n'), [])

    def test_a_nolint_names_check_and_reason(self):
        for good in ("f();  // NOLINT(misc-no-recursion): depth is bounded by the schema\n",
                     "// NOLINTNEXTLINE(misc-no-recursion) bounded by the schema\nf();\n",
                     "// The depth is bounded by the schema.\n// NOLINTNEXTLINE(misc-no-recursion)\n",
                     "// NOLINTEND(misc-no-recursion)\n"):
            self.assertEqual(problems("lib/sys/a.cc", good), [], good)
        self.assert_found("lib/sys/a.cc", "f();  // NOLINT\n", "names its check")
        self.assert_found("lib/sys/a.cc", "f();  // NOLINT: because it is so\n", "names its check")
        self.assert_found("lib/sys/a.cc", "f();  // NOLINT(misc-no-recursion)\n", "says why")
        self.assert_found("lib/sys/a.cc", "g();\n// NOLINTNEXTLINE(misc-no-recursion)\nf();\n",
                          "says why")

    def test_a_skipped_test_names_an_issue(self):
        self.assertEqual(problems("lib/a_test.cc", 'GTEST_SKIP() << "#7: no loop device";'), [])
        self.assert_found("lib/a_test.cc", 'GTEST_SKIP() << "needs root";', "skipped test")
        self.assert_found("tests/lab/a_test.py", '  self.skipTest("not today")\n', "skipped test")

    def test_says_where(self):
        tree = Tree({"cli/a.cc": 'int x;\n\nint y = system("ls");\n'})
        self.assertEqual([(f.path, f.line) for f in check_calls.check(tree)], [("cli/a.cc", 3)])


if __name__ == "__main__":
    unittest.main()
