#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every line of docs/reference/traps.md names tests that exist, or says why there is none."""
import posixpath
import re

import tree as project
from check_tests import TEST
from tree import Finding

PAGE = "docs/reference/traps.md"
TRAPS = 87
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$")
NAMED = re.compile(r"`(\w+)\.(\w+)`")
REASON = re.compile(r"(no such type|not yet: \w)")
PYTHON_TEST = re.compile(r"^    def (test_\w+)\(", re.MULTILINE)


def _all_tests(tree):
    tests = set()
    for path in tree.paths(".cc"):
        if path.endswith("_test.cc"):
            tests |= {(m.group(2), m.group(3)) for m in TEST.finditer(tree.read(path))}
    for path in tree.paths(".py"):
        stem = posixpath.basename(path)[:-3]
        if path.startswith("tests/") and (stem.startswith("test_") or stem.endswith("_test")):
            tests |= {(stem, name) for name in PYTHON_TEST.findall(tree.read(path))}
    return tests


def check(tree):
    if not tree.has(PAGE):
        return [Finding(PAGE, 1, "missing")]
    findings, seen, tests = [], [], _all_tests(tree)
    for number, line in enumerate(tree.read(PAGE).splitlines(), 1):
        row = ROW.match(line)
        if not row:
            continue
        seen.append(int(row.group(1)))
        named = NAMED.findall(row.group(2))
        for suite, name in named:
            if (suite, name) not in tests:
                findings.append(Finding(PAGE, number, f"there is no test {suite}.{name}; name the one that covers it"))
        if not named and not REASON.search(row.group(2)):
            findings.append(Finding(PAGE, number, "names no test and gives no reason"))
    if seen != list(range(1, TRAPS + 1)):
        missing = sorted(set(range(1, TRAPS + 1)) - set(seen))
        findings.append(Finding(PAGE, 1, f"wants the traps 1 to {TRAPS}, each once, in order; missing: {missing}"))
    return findings


if __name__ == "__main__":
    project.run(check)
