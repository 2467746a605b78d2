# SPDX-License-Identifier: Apache-2.0
"""What every check here shares: the files of the project, C++ text without comments, and reporting.

A check is a function from a Tree to Findings. It reads nothing but the tree, so that its self-test
can hand it a few planted files.
"""
import bisect
import os
import re
import subprocess
import sys
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED_FOLDERS = re.compile(r"(^|/)(\.git|build[^/]*|out|__pycache__|node_modules|\.cache)(/|$)")
CPP = (".cc", ".h")


class Finding(NamedTuple):
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


class Tree:
    """Texts by path relative to the root, as git would have them."""

    def __init__(self, files):
        self._files = dict(files)

    def paths(self, *endings):
        return sorted(p for p in self._files if not endings or p.endswith(endings))

    def read(self, path):
        return self._files[path]

    def has(self, path):
        return path in self._files


def _listed_by_git():
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-z",
               "--cached", "--others", "--exclude-standard"]
    result = subprocess.run(command, capture_output=True, check=False)
    return result.stdout.decode().split("\0")[:-1] if result.returncode == 0 else None


def _listed_by_walk():
    for folder, _, names in os.walk(ROOT):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), ROOT)


def load(endings=None):
    """The project's text files: tracked ones, and new ones that git does not ignore."""
    listed = _listed_by_git()
    if listed is None:  # An unpacked source archive.
        listed = _listed_by_walk()
    files = {}
    for path in listed:
        full = os.path.join(ROOT, path)
        if SKIPPED_FOLDERS.search(path) or os.path.islink(full) or not os.path.isfile(full):
            continue
        if endings and not path.endswith(endings):
            continue
        with open(full, "rb") as stream:
            content = stream.read()
        if b"\0" not in content:
            files[path] = content.decode("utf-8", "replace")
    return Tree(files)


_TOKEN = re.compile(
    r'(?P<comment>//[^\n]*|/\*.*?\*/)'
    r'|(?P<raw>R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)")'
    r'|(?P<text>"(?:\\.|[^"\\\n])*")'
    r"|(?P<char>(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')",
    re.DOTALL)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def strip_comments(code, keep_strings=False):
    """C++ with comments, and unless told otherwise the insides of literals, turned into blanks.
    Positions and lines stay."""
    def replace(match):
        if match.lastgroup == "comment" or match.group("comment"):
            return _blank(match.group())
        if keep_strings:
            return match.group()
        whole = match.group()
        return whole[0] + _blank(whole[1:-1]) + whole[-1]
    return _TOKEN.sub(replace, code)


def comments(code):
    """(position, text) of every comment in C++."""
    return [(m.start(), m.group()) for m in _TOKEN.finditer(code) if m.group("comment")]


class Lines:
    """Line numbers of positions in a text."""

    def __init__(self, text):
        self._starts = [0] + [m.end() for m in re.finditer("\n", text)]

    def at(self, position):
        return bisect.bisect_right(self._starts, position)


def is_test(path):
    return path.startswith("tests/") or path.endswith(("_test.cc", "_test.py", "_for_test.h"))


def run(check, endings=None):
    """Runs `check` over the project; prints what it finds; exit code 1 if anything."""
    tree = load(endings)
    if not tree.paths():
        sys.exit(f"no files found under {ROOT}: the check would pass on nothing")
    findings = sorted(check(tree))
    for finding in findings:
        print(finding)
    print(f"{len(tree.paths())} files checked, {len(findings)} findings")
    sys.exit(1 if findings else 0)
