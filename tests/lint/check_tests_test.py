# SPDX-License-Identifier: Apache-2.0
import unittest

import check_tests
from tree import Tree

LISTED = {"lib/a/CMakeLists.txt": "fettle_test(a_test SOURCES a_test.cc)"}


def problems(body, **more):
    return [f.message for f in check_tests.check(Tree({"lib/a/a_test.cc": body, **LISTED, **more}))]


class CheckTestsTest(unittest.TestCase):
    def test_a_body_without_an_assertion_is_found(self):
        for body in ("TEST(ATest, Works) {}",
                     "TEST(ATest, Works) {\n  if (x) { Run(); }\n}",
                     "TEST_F(ATest, Works) { Run();  // EXPECT_EQ(1, 1)\n}",
                     'TEST_P(ATest, Works) { Say("EXPECT_EQ(1, 1)"); }',
                     "void Help() { Run(); }\nTEST(ATest, Works) { Help(); }"):
            self.assertEqual(problems(body), ["ATest.Works asserts nothing, so it cannot fail"], body)

    def test_an_assertion_may_stand_in_a_helper(self):
        for body in ("TEST(ATest, Works) { if (x) { EXPECT_EQ(1, 1); } }",
                     "TEST(ATest, Works) { ADD_FAILURE(); }",
                     "void Help(int x) { ASSERT_EQ(x, 1); }\nTEST(ATest, Works) { Help(1); }",
                     "void In() { FAIL(); }\nvoid Help() { In(); }\nTEST(ATest, Works) { Help(); }",
                     "#define SAME(a) \\\n  EXPECT_EQ(a, 1)\nTEST(ATest, Works) { SAME(1); }",
                     "TEST(ATest, Works) { auto f = [&](int) { EXPECT_TRUE(x); }; f(1); }"):
            self.assertEqual(problems(body), [], body)

    def test_helpers_of_the_tests_folder_count(self):
        helper = {"tests/support/golden.h": "inline void Same(int a) { EXPECT_EQ(a, 1); }"}
        self.assertEqual(problems("TEST(ATest, Works) { Same(1); }", **helper), [])
        self.assertEqual(len(problems("TEST(ATest, Works) { Same(1); }")), 1)

    def test_the_test_after_an_empty_one_does_not_save_it(self):
        body = "TEST(ATest, One) {}\nTEST(ATest, Two) { EXPECT_TRUE(x); }"
        self.assertEqual(problems(body), ["ATest.One asserts nothing, so it cannot fail"])

    def test_a_test_file_is_named_by_a_cmake_list(self):
        body = {"lib/a/b_test.cc": "TEST(BTest, Works) { EXPECT_TRUE(x); }"}
        never = ["no CMakeLists.txt names it, so it never runs"]
        for cmake, expected in (("fettle_test(b SOURCES b_test.cc)", []),
                                ("fettle_test(b SOURCES a_test.cc ab_test.cc)", never),
                                ("# b_test.cc", never)):
            tree = Tree({**body, "lib/a/CMakeLists.txt": cmake})
            self.assertEqual([f.message for f in check_tests.check(tree)], expected, cmake)
        tree = Tree({**body, "lib/CMakeLists.txt": "fettle_test(b SOURCES a/b_test.cc)"})
        self.assertEqual(check_tests.check(tree), [])

    def test_a_module_names_its_test_by_its_own_name(self):
        body = "TEST(XTest, Works) { EXPECT_TRUE(x); }"
        tree = Tree({"modules/x/x_test.cc": body, "modules/x/y_test.cc": body,
                     "modules/x/CMakeLists.txt": "fettle_module(x)"})
        self.assertEqual([f.path for f in check_tests.check(tree)], ["modules/x/y_test.cc"])

    def test_a_file_without_a_test_is_found(self):
        self.assertEqual(problems("int x;"), ["a test file without a test"])
        self.assertEqual(problems("TEST(ATest, Works) { EXPECT_TRUE(x); }",
                                  **{"cli/main_for_test.cc": "int main() {}"}), [])

    def test_a_modules_contract_cases_count_as_tests(self):
        cmake = {"modules/x/CMakeLists.txt": "fettle_module(x)"}
        path = "modules/x/x_contract_test.cc"
        cases = "std::vector<ContractCase> XContractCases() { return {}; }"
        self.assertEqual(check_tests.check(Tree({path: cases, **cmake})), [])
        self.assertEqual(len(check_tests.check(Tree({path: "int x;", **cmake}))), 1)

    def test_python_tests_assert_and_are_named_too(self):
        good = "def test_a():\n    x = 1\n\n    assert x\n"
        empty = "def test_a():\n    print(1)\n\ndef test_b():\n    assert 1\n"
        cmake = {"tests/lab/CMakeLists.txt": "add_test(NAME lab COMMAND a_test.py)"}
        self.assertEqual(check_tests.check(Tree({"tests/lab/a_test.py": good, **cmake})), [])
        by_name = {"tests/lab/CMakeLists.txt": "fettle_lab_test(a_test TIMEOUT 9)"}
        self.assertEqual(check_tests.check(Tree({"tests/lab/a_test.py": good, **by_name})), [])
        self.assertEqual(len(check_tests.check(Tree({"tests/lab/a_test.py": empty, **cmake}))), 1)
        self.assertEqual(len(check_tests.check(Tree({"tests/lab/a_test.py": good}))), 1)

    def test_python_helpers_that_raise_count(self):
        cmake = {"tests/lab/CMakeLists.txt": "a_test.py"}
        helper = {"tests/lab/host.py": "def wait(f):\n    raise TimeoutError\n"
                                       "def settle():\n    wait(1)\n"}
        for call, found in (("settle()", 0), ("host.wait(2)", 0), ("other()", 1),
                            ("subprocess.run(x, check=True)", 0)):
            test = {"tests/lab/a_test.py": f"def test_a():\n    {call}\n"}
            self.assertEqual(len(check_tests.check(Tree({**test, **helper, **cmake}))), found, call)


if __name__ == "__main__":
    unittest.main()
