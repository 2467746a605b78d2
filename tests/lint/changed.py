#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy on what changed, with the compile commands that a build left behind.

  changed.py BUILD [--seconds N] [--all]

Changed is what is not committed, and what the branch has beyond $TIDY_BASE, by default origin/main. On origin/main
itself, as in a fresh clone, it is what the last day before the newest commit brought. Newest first; begins no new file
after N seconds, and says how much it looked at.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

import tree as project

DAY = 24 * 60 * 60
FINDING = re.compile(r"(\S+):\d+:\d+: (?:error|warning): ")


def git(*arguments):
    command = ["git", "-c", f"safe.directory={project.ROOT}", "-C", project.ROOT, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.split("\n")[:-1] if result.returncode == 0 else None


def changed_paths():
    """(what they are compared with, paths, newest change first)."""
    head, wanted = git("rev-parse", "HEAD"), os.environ.get("TIDY_BASE", "origin/main")
    base = git("merge-base", "HEAD", wanted)
    if head and base and head != base:
        since = f"{wanted} ({base[0][:12]})"
        names = git("log", "--format=", "--name-only", f"{base[0]}..HEAD")
    elif head:
        since = "the day before the newest commit"
        begin = int(git("log", "-1", "--format=%ct", "HEAD")[0]) - DAY
        names = git("log", "--format=", "--name-only", f"--since={begin}", "HEAD")
    else:
        return "ever: there is no history", project.load(project.CPP).paths()
    uncommitted = git("diff", "--name-only", "HEAD") or []
    return since, list(dict.fromkeys(p for p in uncommitted + (names or []) if p))


def sources_of(changed, known):
    """Sources in `known` to look at for `changed`: themselves, and x.cc for x.h; tests last."""
    wanted = [p[:-2] + ".cc" if p.endswith(".h") else p for p in changed]
    return sorted((p for p in dict.fromkeys(wanted) if p in known), key=project.is_test)


def compiled_sources(build):
    """Paths, relative to the root, of the project's own sources that a build compiles."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as stream:
        entries = json.load(stream)
    paths = {os.path.relpath(os.path.join(e["directory"], e["file"]), project.ROOT) for e in entries}
    return {p for p in paths if not p.startswith("..") and not project.SKIPPED_FOLDERS.search(p)}


def own_findings(output):
    """Without the findings that lie in headers of others, such as recursion through std::variant."""
    kept, keep = [], True
    for line in output.splitlines(keepends=True):
        place = FINDING.match(line)
        if place:
            path = os.path.normpath(os.path.join(project.ROOT, place.group(1)))
            keep = path.startswith(project.ROOT + os.sep)
        if keep:
            kept.append(line)
    return "".join(kept)


def run_all(jobs, seconds):
    """Runs (path, argv) jobs from the root on all processors. Returns (done, [(path, output)] failed)."""
    end = time.monotonic() + seconds

    def one(job):
        path, argv = job
        if time.monotonic() > end:
            return path, None, ""
        result = subprocess.run(argv, cwd=project.ROOT, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            return path, 0, ""
        # What is said beside findings matters when there are none: the tool did not get so far.
        output = own_findings(result.stdout) if result.stdout else result.stderr
        return path, 1 if output else 0, output

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(one, jobs))
    done = [path for path, code, _ in results if code is not None]
    return done, [(path, output) for path, code, output in results if code]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--all", action="store_true", help="the whole tree, however long it takes")
    arguments = parser.parse_args()
    build, sources = os.path.abspath(arguments.build), compiled_sources(arguments.build)
    since, changed = changed_paths()
    chosen = sorted(sources) if arguments.all else sources_of(changed, sources)
    # The compile commands may be those of gcc, with warnings that clang does not know.
    known = "--extra-arg=-Wno-unknown-warning-option"
    jobs = [(p, ["clang-tidy", "--quiet", known, "-p", build, p]) for p in chosen]
    done, failed = run_all(jobs, float("inf") if arguments.all else arguments.seconds)
    for path, output in failed:
        print(f"--- {path}\n{output}")
    what = "sources of the tree" if arguments.all else f"sources changed since {since}"
    print(f"clang-tidy: looked at {len(done)} of {len(jobs)} {what}; {len(failed)} with findings")
    if len(done) < len(jobs):
        print(f"not looked at, out of time after {arguments.seconds:.0f} s: "
              + " ".join(path for path, _ in jobs if path not in set(done)))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
