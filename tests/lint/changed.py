#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The slow clang checks, on compile commands that a build left behind.

  changed.py tidy BUILD [--seconds N] [--all]   clang-tidy on the C++ sources that changed
  changed.py threads BUILD [--seconds N]        clang's thread-safety analysis of agent, server, cli

Changed is what the branch has beyond origin/main; on origin/main itself, what the last day brought.
Both stop beginning new files after N seconds, and say how much they looked at.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import time

import tree as project

SYNCHRONISED = re.compile(r"\babsl::(Mutex|MutexLock|CondVar)\b|\bABSL_\w*(GUARDED_BY|LOCK\w*)\b")
PROGRAMS = ("agent/", "server/", "cli/")
# Options of g++ that clang++ does not know.
GCC_ONLY = re.compile(r"-f(no-)?(modules-ts|canon-prefix-map|concepts.*)$")


def git(*arguments):
    command = ["git", "-c", f"safe.directory={project.ROOT}", "-C", project.ROOT, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.split("\n")[:-1] if result.returncode == 0 else None


def changed_paths():
    """(what they are compared with, paths, newest change first)."""
    head, base = git("rev-parse", "HEAD"), git("merge-base", "HEAD", "origin/main")
    if head and base and head != base:
        since = f"origin/main ({base[0][:12]})"
        names = git("log", "--format=", "--name-only", f"{base[0]}..HEAD")
    else:
        since = "24 hours ago"
        names = git("log", "--format=", "--name-only", "--since=24.hours", "HEAD")
    uncommitted = git("diff", "--name-only", "HEAD") or []
    return since, list(dict.fromkeys(p for p in uncommitted + (names or []) if p))


def sources_of(changed, known):
    """Sources in `known` to look at for `changed`: themselves, and x.cc for x.h; tests last."""
    wanted = [p[:-2] + ".cc" if p.endswith(".h") else p for p in changed]
    return sorted((p for p in dict.fromkeys(wanted) if p in known), key=project.is_test)


def compile_commands(build):
    """Path relative to the root -> (folder, arguments), of the project's own sources."""
    commands = {}
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as stream:
        for entry in json.load(stream):
            path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), project.ROOT)
            if not path.startswith("..") and not project.SKIPPED_FOLDERS.search(path):
                commands[path] = (entry["directory"], shlex.split(entry["command"]))
    return commands


def syntax_arguments(arguments):
    """The compiler's arguments turned into a clang++ analysis that writes nothing."""
    first = next(i for i, a in enumerate(arguments) if a.startswith("-"))
    kept, skip = [], False
    for argument in arguments[first:]:
        if skip or argument in ("-o", "-MF", "-MT"):
            skip = not skip
        elif argument not in ("-c", "-MD", "-Werror") and not GCC_ONLY.match(argument):
            kept.append(argument)
    return ["clang++", "-fsyntax-only", "-Wthread-safety", "-Werror=thread-safety-analysis",
            "-Werror=thread-safety-attributes", "-Werror=thread-safety-precise",
            "-Wno-unknown-warning-option", *kept]


def run_all(jobs, seconds):
    """Runs (path, folder, argv) jobs on all processors. Returns (done, [(path, output)] failed)."""
    end = time.monotonic() + seconds

    def one(job):
        path, folder, argv = job
        if time.monotonic() > end:
            return path, None, ""
        result = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
        return path, result.returncode, result.stdout + result.stderr

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(one, jobs))
    done = [path for path, code, _ in results if code is not None]
    return done, [(path, output) for path, code, output in results if code]


def tidy_jobs(arguments, commands):
    since, changed = changed_paths()
    chosen = sorted(commands) if arguments.all else sources_of(changed, commands)
    what = "sources of the tree" if arguments.all else f"sources changed since {since}"
    jobs = [(p, project.ROOT, ["clang-tidy", "--quiet", "-p", arguments.build, p]) for p in chosen]
    return what, jobs


def thread_jobs(_, commands):
    jobs = []
    for path, (folder, argv) in sorted(commands.items()):
        own = [path, path[:-3] + ".h"]
        texts = [open(os.path.join(project.ROOT, p), encoding="utf-8").read()
                 for p in own if os.path.exists(os.path.join(project.ROOT, p))]
        if path.startswith(PROGRAMS) and any(SYNCHRONISED.search(t) for t in texts):
            jobs.append((path, folder, syntax_arguments(argv)))
    return "sources of agent, server and cli that hold locks", jobs


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("check", choices=("tidy", "threads"))
    parser.add_argument("build")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--all", action="store_true", help="the whole tree, however long it takes")
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)
    choose = tidy_jobs if arguments.check == "tidy" else thread_jobs
    what, jobs = choose(arguments, compile_commands(arguments.build))
    done, failed = run_all(jobs, float("inf") if arguments.all else arguments.seconds)
    for path, output in failed:
        print(f"--- {path}\n{output}")
    print(f"{arguments.check}: looked at {len(done)} of {len(jobs)} {what}; {len(failed)} with findings")
    if len(done) < len(jobs):
        print(f"{arguments.check}: not looked at, out of time after {arguments.seconds:.0f} s: "
              + " ".join(path for path, _, _ in jobs if path not in set(done)))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
