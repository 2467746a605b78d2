#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls and habits that the house does not have. Each rule says what to do instead."""
import re
from typing import NamedTuple

import tree as project
from tree import Finding


class Rule(NamedTuple):
    name: str
    pattern: str
    instead: str
    within: tuple = ("",)    # Only files under these.
    tests: bool = True       # Whether it holds for tests too.
    # Path prefix -> why the rule does not hold there.
    exceptions: dict = {}


LIBRARIES = ("lib/", "modules/")
# The name of a free function, also written ::name or std::name, but not .name, ->name, Other::name.
FREE = r"(?<![\w.>:])(?:std::|::)?"

RULES = (
    Rule("remove_all", r"\bremove_all\s*\(",
         "it follows what others put in its way; lib/sys removes relative to a directory descriptor",
         exceptions={"tests/": "temp folders of the test's own making"}, tests=False),
    Rule("system", FREE + r"system\s*\(", "run programs through lib/sys: argv, no shell, a deadline"),
    Rule("popen", FREE + r"popen\s*\(", "run programs through lib/sys: argv, no shell, a deadline"),
    Rule("strerror", FREE + r"strerror\s*\(", "errno is translated in lib/sys, with the path"),
    Rule("raw write", r"\bO_(WRONLY|RDWR|CREAT)\b|\bstd::o?fstream\b|" + FREE + r"creat\s*\(",
         "only lib/sys opens for writing; ask its atomic replace", tests=False,
         exceptions={
             "lib/sys/": "the one place that writes",
             "agent/journal/": "an append-only log with its own order of fsyncs",
             "agent/report/": "the spool: appended, never replaced",
             "server/store/": "the database's own files and the blobs beside it",
             "cli/lab/": "images and sockets of throwaway hosts, never a managed file",
         }),
    Rule("std::thread", r"\bstd::j?thread\b(?!::)|\bpthread_create\b",
         "threads come from lib/base: ParallelFor, BackgroundThread", tests=False,
         exceptions={"lib/base/": "the one place that starts threads for work"}),
    Rule("shared static result",
         FREE + r"(get(pw(nam|uid|ent)|gr(nam|gid|ent))|gethostbyname|localtime|gmtime|ctime"
                r"|strtok|getlogin|ttyname)\s*\(",
         "its result is shared by all threads; use the _r form or lib/sys"),
    Rule("using namespace", r"(?m)^using namespace\b", "name what is used, or an alias"),
    Rule("disabled test", r"\bDISABLED_\w+", "fix the test or delete it"),
    Rule("printing", r"\bstd::(cout|cerr|clog)\b|" + FREE + r"(f?printf|puts)\s*\(",
         "libraries and resource types return; agent, server and cli print",
         within=LIBRARIES, tests=False),
    Rule("logging", r"\bspdlog\b|\bSPDLOG_\w+",
         "libraries and resource types return; agent and server log",
         within=LIBRARIES, exceptions={"lib/log/": "how lines are written; the programs log them"}),
)

NOLINT = re.compile(r"NOLINT(NEXTLINE|BEGIN|END)?\b(\([^)]*\))?(.*)", re.DOTALL)
TODO = re.compile(r"\b(TODO|FIXME)\b(?!\(#\d+\))")
ISSUE = re.compile(r"#\d+")
PYTHON_SKIP = re.compile(r"(@unittest\.skip\w*|\.skipTest|pytest\.skip)\([^\n]*")
OTHER_CODE = (".py", ".sh", ".lua", ".ts", ".proto", ".cmake", "CMakeLists.txt")


def _excepted(rule, path):
    return (not path.startswith(rule.within)
            or (not rule.tests and project.is_test(path))
            or any(path.startswith(prefix) for prefix in rule.exceptions))


def _calls(path, text, lines):
    code = project.strip_comments(text)
    for rule in RULES:
        if _excepted(rule, path):
            continue
        for line in sorted({lines.at(m.start()) for m in re.finditer(rule.pattern, code)}):
            yield Finding(path, line, f"{rule.name}: {rule.instead}")


def _skips(path, text, lines):
    for match in re.finditer(r"\bGTEST_SKIP\(\)[^;]*;", project.strip_comments(text, True)):
        if not ISSUE.search(match.group()):
            yield Finding(path, lines.at(match.start()),
                          "a skipped test names the issue that will bring it back: #123")


def _reasoned(comment, nolint, line_before):
    """Whether the comment, or the comment line above it, says why."""
    if re.search(r"[A-Za-z]{3,}", comment[:nolint.start()] + " " + nolint.group(3)):
        return True
    return line_before.strip().startswith("//") and "NOLINT" not in line_before


def _nolints(path, text, lines):
    every_line = text.split("\n")
    for start, comment in project.comments(text):
        nolint = NOLINT.search(comment)
        if not nolint or nolint.group(1) == "END":
            continue
        line = lines.at(start)
        if not re.fullmatch(r"\([a-z][\w.,\s-]+\)", nolint.group(2) or ""):
            yield Finding(path, line, "NOLINT names its check: NOLINT(misc-no-recursion): reason")
        elif not _reasoned(comment, nolint, every_line[line - 2] if line > 1 else ""):
            yield Finding(path, line, "NOLINT says why, beside the check's name")


def _todos(path, text, lines):
    for start, comment in project.comments(text):
        for match in TODO.finditer(comment):
            yield Finding(path, lines.at(start + match.start()), "TODO(#123) with an open issue")


def _other(path, text):
    lines = project.Lines(text)
    for match in re.finditer(r"(#|--|//)[^\n]*", text):
        if TODO.search(match.group()):
            yield Finding(path, lines.at(match.start()), "TODO(#123) with an open issue")
    if path.endswith(".py"):
        for match in PYTHON_SKIP.finditer(text):
            if not ISSUE.search(match.group()):
                yield Finding(path, lines.at(match.start()),
                              "a skipped test names the issue that will bring it back: #123")


def check(tree):
    findings = []
    for path in tree.paths(*project.CPP):
        text = tree.read(path)
        lines = project.Lines(text)
        for look in (_calls, _skips, _nolints, _todos):
            findings.extend(look(path, text, lines))
    for path in tree.paths(*OTHER_CODE):
        if not path.startswith("tests/lint/"):  # These talk about what they forbid.
            findings.extend(_other(path, tree.read(path)))
    return findings


if __name__ == "__main__":
    project.run(check, project.CPP + OTHER_CODE)
