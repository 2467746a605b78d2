#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shape of files: sizes, the licence line, #pragma once, and no paths of anyone's machine."""
import re

import tree as project
from tree import Finding

MAX_SOURCE = 600
MAX_HEADER = 300
SOURCES = (".cc", ".py", ".lua", ".ts", ".tsx", ".js", ".sh")

# Path -> (lines it may have, why it is worth its length).
LONGER = {}

SPDX = "SPDX-License-Identifier: Apache-2.0"
# A path that exists only on the machine where somebody wrote it.
MACHINE = re.compile(
    r"(?<![\w./~}-])(/work/|/workspace/|/home/(?!<)[a-z][\w-]*/(src|projects|work|git)/"
    r"|/root/(\.pyenv|\.cache|\.cargo|\.npm|\.local|go|src|work|fettle)\b|/tmp/bash_jobs)")
WRITTEN = SOURCES + (".h", ".md", ".txt", ".cmake", ".proto", ".json", ".toml", ".yaml", ".yml",
                     ".service", ".socket", ".html", ".css", ".svg")


def _size(path, text):
    count = text.count("\n")
    if "/testdata/" in path or "/golden/" in path:
        return
    limit = MAX_HEADER if path.endswith(".h") else MAX_SOURCE
    limit = LONGER.get(path, (limit, ""))[0]
    if path.endswith(SOURCES + (".h",)) and count > limit:
        yield Finding(path, limit, f"{count} lines, more than {limit}: split it, or give the reason "
                                   "in tests/lint/check_files.py")


def _head(path, text):
    if path.endswith(project.CPP) and SPDX not in text.split("\n", 1)[0]:
        yield Finding(path, 1, f"begins with // {SPDX}")
    if path.endswith(".h") and "\n#pragma once\n" not in "\n" + text:
        yield Finding(path, 1, "has no #pragma once")


def _machine_paths(path, text):
    lines = project.Lines(text)
    for match in MACHINE.finditer(text):
        yield Finding(path, lines.at(match.start()), f"{match.group(1)} is a path of one machine")


def check(tree):
    findings = []
    for path in tree.paths():
        if path.startswith("tests/lint/check_files"):  # It talks about what it forbids.
            continue
        for look in (_size, _head, _machine_paths):
            findings.extend(look(path, tree.read(path)))
    for path in LONGER:
        if tree.has(path) and tree.read(path).count("\n") <= MAX_SOURCE:
            findings.append(Finding(path, 1, "is short again: take it out of check_files.py"))
    return findings


if __name__ == "__main__":
    project.run(check)
