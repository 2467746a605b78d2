#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dead tests: bodies that assert nothing, and test files that no build or ctest entry names."""
import ast
import posixpath
import re

import tree as project
from tree import Finding

TEST = re.compile(r"\b(TYPED_TEST_P|TYPED_TEST|TEST_F|TEST_P|TEST)\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)\s*\{")
# A definition: a name, its parameters, perhaps qualifiers or a return type, then its body.
FUNCTION = re.compile(r"\b([A-Za-z_]\w*)\s*\([^;{}]*\)[^;{}()]*\{")
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)\((?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
LAMBDA = re.compile(r"\b([A-Za-z_]\w*)\s*=\s*\[[^\]]*\][^;{}]*\{")
ASSERTS = re.compile(r"\b(EXPECT_\w+|ASSERT_\w+|ADD_FAILURE\w*|FAIL|RC_ASSERT|GTEST_FAIL)\b")
KEYWORDS = {"if", "for", "while", "switch", "catch", "return", "sizeof"}
PYTHON_TEST = re.compile(r"(^|/)(test_[^/]*|[^/]*_test)\.py$")
PYTHON_ASSERTS = re.compile(r"(assert|fail)")  # Of a call: self.assertEqual, self.fail, assert_shown.


def body_at(code, opening):
    """The text between the brace at `opening` and its partner; literals are blank already."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return code[opening:match.end()]
    return code[opening:]


def _calls(body, names):
    return bool(ASSERTS.search(body)) or any(
        name in names for name in re.findall(r"\b([A-Za-z_]\w*)(?:<[^<>;]*>)?\s*\(", body))


def _definitions(code):
    for pattern in (FUNCTION, LAMBDA):
        for match in pattern.finditer(code):
            if match.group(1) not in KEYWORDS and not TEST.match(code, match.start()):
                yield match.group(1), body_at(code, match.end() - 1)
    for match in MACRO.finditer(code):
        yield match.group(1), match.group()


def asserting(definitions, known=frozenset()):
    """Names among `definitions` (pairs of name, body) that assert, themselves or by a call."""
    names = set(known)
    while True:
        more = {name for name, body in definitions if name not in names and _calls(body, names)}
        if not more:
            return names
        names |= more


def _shared_helpers(tree):
    definitions = []
    for path in tree.paths(*project.CPP):
        if path.startswith("tests/") and not path.endswith("_test.cc"):
            definitions.extend(_definitions(project.strip_comments(tree.read(path))))
    return asserting(definitions)


def _empty_tests(path, text, helpers):
    code = project.strip_comments(text)
    names = asserting(list(_definitions(code)), helpers)
    lines = project.Lines(code)
    for match in TEST.finditer(code):
        if not _calls(body_at(code, match.end() - 1), names):
            yield Finding(path, lines.at(match.start()),
                          f"{match.group(2)}.{match.group(3)} asserts nothing, so it cannot fail")


def _named_in_a_cmake_list(tree, path):
    folder = posixpath.dirname(path)
    while True:
        cmake = posixpath.join(folder, "CMakeLists.txt")
        if tree.has(cmake):
            text = re.sub(r"#[^\n]*", "", tree.read(cmake))
            relative = posixpath.relpath(path, folder or ".")
            # A function for Python tests may add the ".py" itself.
            written = re.escape(relative).replace(r"\.py", r"(\.py)?")
            if re.search(rf"(?<![\w./-]){written}(?![\w.])", text):
                return True
            name = posixpath.basename(folder)
            by_convention = (f"{name}_test.cc", f"{name}_contract_test.cc")
            if relative in by_convention and re.search(rf"fettle_module\(\s*{name}\b", text):
                return True
        if not folder:
            return False
        folder = posixpath.dirname(folder)


def _called(function):
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            target = node.func
            yield target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def _fails_by_itself(function):
    """Whether a Python function asserts, raises, or runs a program that has to succeed."""
    for node in ast.walk(function):
        if isinstance(node, (ast.Assert, ast.Raise)):
            return True
        if isinstance(node, ast.keyword) and node.arg == "check" and getattr(
                node.value, "value", None) is True:
            return True
    return any(PYTHON_ASSERTS.search(name) or name in ("check_call", "check_output")
               for name in _called(function))


def _python_functions(text):
    nodes = ast.walk(ast.parse(text))
    return [n for n in nodes if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]


def _python_helpers(tree):
    """Names of functions in the Python files of tests/ that can fail a test."""
    functions = [f for p in tree.paths(".py") if p.startswith("tests/")
                 for f in _python_functions(tree.read(p)) if not f.name.startswith("test")]
    names = {f.name for f in functions if _fails_by_itself(f)}
    while True:
        more = {f.name for f in functions if f.name not in names and names & set(_called(f))}
        if not more:
            return names
        names |= more


def _empty_python_tests(path, text, helpers):
    for function in _python_functions(text):
        if function.name.startswith("test") and not _fails_by_itself(function) and not (
                helpers & set(_called(function))):
            yield Finding(path, function.lineno, f"{function.name} asserts nothing, so it cannot fail")


def _holds_a_test(path, text):
    code = project.strip_comments(text)
    if path.startswith("modules/") and path.endswith("_contract_test.cc"):
        return re.search(r"\w+ContractCases\(\)\s*\{", code)  # Cases; the suite holds the tests.
    return TEST.search(code)


def check(tree):
    findings = []
    helpers = _shared_helpers(tree)
    cpp = [p for p in tree.paths("_test.cc") if not p.endswith("_for_test.cc")]
    python = [p for p in tree.paths(".py") if PYTHON_TEST.search(p)]
    for path in cpp:
        findings.extend(_empty_tests(path, tree.read(path), helpers))
        if not _holds_a_test(path, tree.read(path)):
            findings.append(Finding(path, 1, "a test file without a test"))
    python_helpers = _python_helpers(tree)
    for path in python:
        findings.extend(_empty_python_tests(path, tree.read(path), python_helpers))
    for path in cpp + python:
        if not _named_in_a_cmake_list(tree, path):
            findings.append(Finding(path, 1, "no CMakeLists.txt names it, so it never runs"))
    return findings


if __name__ == "__main__":
    project.run(check, project.CPP + (".py", "CMakeLists.txt"))
