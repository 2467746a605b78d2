#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times `fettle apply` on the workloads W1 to W3 beside the floor (only the system calls the work cannot do without).

  tests/bench/run.py [--build build] [--files 1000 10000] [--runs 5] [--markdown]

Prints, for each piece of work, the median over the runs of CPU seconds (user + system, children included), wall seconds
and peak memory of the whole process, and the ratio to the floor measured in the same run. "agent" rows are runs inside a
process that has evaluated before, as the agent's has (bench_engine). Needs root. Works in folders of its own below
/var/tmp, which it removes; W2 and W3 look at packages that are installed anyway and change nothing else.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fettle_workloads


def measure(argv, expect=(0,)):
    """Runs argv once; (cpu seconds, wall seconds, peak MiB)."""
    read, write = os.pipe()
    started = os.times().elapsed
    pid = os.fork()
    if pid == 0:
        os.dup2(write, 1)
        os.dup2(write, 2)
        os.execv(argv[0], argv)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        said = stream.read()
    _, status, usage = os.wait4(pid, 0)
    wall = os.times().elapsed - started
    code = os.waitstatus_to_exitcode(status)
    if code not in expect:
        sys.exit(f"{' '.join(argv)} exited {code}:\n{said.decode(errors='replace')[-2000:]}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def median(samples):
    return tuple(statistics.median(column) for column in zip(*samples))


class Bench:
    def __init__(self, build, runs):
        self.fettle = str(Path(build, "bin/fettle").resolve())
        self.floor = str(Path(build, "bin/bench_floor").resolve())
        self.engine = str(Path(build, "bin/bench_engine").resolve())
        self.runs = runs
        self.rows = []
        self.root = Path(tempfile.mkdtemp(prefix="fettle-bench-", dir="/var/tmp"))

    def row(self, work, ours, floor):
        ratio = ours[0] / floor[0] if floor and floor[0] > 0 else None
        self.rows.append([work, ours, floor, ratio])
        print(f"{work:44} cpu {ours[0]:.4f} s  wall {ours[1]:.3f} s  peak {ours[2]:.1f} MiB"
              + (f"  floor {floor[0]:.4f} s  ratio {ratio:.2f}" if ratio else ""), flush=True)

    def tree(self, name, recipe):
        tree = self.root / name
        (tree / "recipes").mkdir(parents=True)
        (tree / "fleet.lua").write_text('include "bench"\n')
        (tree / "recipes/bench.lua").write_text(recipe)
        return tree

    def apply(self, tree, expect=(0,), extra=()):
        return measure([self.fettle, "apply", str(tree), "--state-dir", str(self.state(tree)), "--color", "never",
                        *extra], expect)

    def state(self, tree):
        """One for each workload: what is known of the files of another is no part of its cost."""
        return self.root / f"state-{tree.name}"

    def repeat(self, work, before=None):
        samples = []
        for _ in range(self.runs):
            if before:
                before()
            samples.append(work())
        return median(samples)

    def agent(self, work, tree, floor):
        """Runs inside one process: the row, and what evaluation costs."""
        said = subprocess.run([self.engine, str(tree), str(self.state(tree)), str(max(self.runs, 5))], check=True,
                              capture_output=True, text=True).stdout
        cost = json.loads(said)
        if cost["not_ok"]:
            sys.exit(f"{work}: not at rest: {said}")
        self.row(f"{work}, agent", (cost["run_cpu"], cost["run_wall"], cost["peak_kib"] / 1024), floor)
        return cost

    def start(self):
        tree = self.tree("empty", "-- nothing declared\n")
        self.row("start, nothing declared", self.repeat(lambda: self.apply(tree)), None)

    def w1(self, count):
        target = self.root / f"w1-{count}"
        floor_dir = self.root / f"floor-{count}"
        target.mkdir()
        floor_dir.mkdir()
        tree = self.tree(f"w1-tree-{count}", fettle_workloads.w1(target, count))

        def empty(folder):
            shutil.rmtree(folder)
            folder.mkdir()
            os.sync()

        def wipe():
            empty(target)
            shutil.rmtree(self.state(tree), ignore_errors=True)

        def floor_of(mode, folder=target, before=None):
            return self.repeat(lambda: measure([self.floor, mode, str(folder), str(count)]), before)

        batch = floor_of("batch", floor_dir, lambda: empty(floor_dir))
        self.row(f"W1 {count} converge (floor: one syncfs)", self.repeat(lambda: self.apply(tree, (2,)), wipe), batch)
        synced = floor_of("write", floor_dir, lambda: empty(floor_dir))
        self.rows[-1][0] += f"; fsync each {synced[0]:.3f} s"
        read, statx = floor_of("read"), floor_of("statx")
        time.sleep(2)  # What is younger is not trusted to stay as it is, and read again.
        self.apply(tree)
        noop = self.repeat(lambda: self.apply(tree))
        self.row(f"W1 {count} no-op (floor: read)", noop, read)
        self.row(f"W1 {count} no-op (floor: statx)", noop, statx)
        deep = self.repeat(lambda: self.apply(tree, extra=["--deep"]))
        self.row(f"W1 {count} deep no-op (floor: read)", deep, read)
        cost = self.agent(f"W1 {count} no-op (floor: statx)", tree, statx)
        self.row(f"W1 {count} evaluate alone", (cost["evaluate_cpu"], cost["evaluate_wall"], cost["peak_kib"] / 1024), None)
        picked = range(0, count, 100)

        def spoil():
            for i in picked:
                (target / f"f{i}").write_text("spoilt\n")

        self.row(f"W1 {count} repair 1 % (floor: read, syncfs)", self.repeat(lambda: self.apply(tree, (2,)), spoil),
                 floor_of("repair"))

    def installed(self, count):
        listed = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"], check=True,
                                capture_output=True, text=True).stdout.split("\n")
        return sorted({line.split()[1] for line in listed if line.startswith("installed ")})[:count]

    def w2(self):
        names = self.installed(200)
        tree = self.tree("w2-tree", fettle_workloads.w2(names))
        floor = self.repeat(lambda: measure([self.floor, "dpkg"]))
        self.row(f"W2 {len(names)} packages no-op", self.repeat(lambda: self.apply(tree)), floor)
        self.agent(f"W2 {len(names)} packages no-op", tree, floor)

    def w3(self):
        base = self.root / "w3"
        names = self.installed(30)
        users = [line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()][:10]
        groups = [line.split(":")[0] for line in Path("/etc/group").read_text().splitlines()][:10]
        tree = self.root / "w3-tree"
        (tree / "recipes/bench/templates").mkdir(parents=True)
        (tree / "fleet.lua").write_text('include "bench"\n')
        (tree / "recipes/bench/init.lua").write_text(fettle_workloads.w3(base, names, users, groups))
        (tree / "recipes/bench/templates/page").write_text(fettle_workloads.PAGE_TEMPLATE)
        self.apply(tree, (0, 2))
        floor = self.repeat(lambda: measure([self.floor, "w3", str(base)]))
        self.row("W3 no-op", self.repeat(lambda: self.apply(tree)), floor)
        self.agent("W3 no-op", tree, floor)

    def markdown(self):
        print("\n| work | CPU s | wall s | peak MiB | floor CPU s | ratio |\n|---|---|---|---|---|---|")
        for work, ours, floor, ratio in self.rows:
            tail = f"{floor[0]:.4f} | {ratio:.2f}" if ratio else "– | –"
            print(f"| {work} | {ours[0]:.4f} | {ours[1]:.3f} | {ours[2]:.1f} | {tail} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("run.py: needs root: it applies recipes for real (in folders of its own)")
    bench = Bench(options.build, options.runs)
    try:
        bench.start()
        for count in options.files:
            bench.w1(count)
        bench.w2()
        bench.w3()
    finally:
        shutil.rmtree(bench.root, ignore_errors=True)
    if options.markdown:
        bench.markdown()


if __name__ == "__main__":
    main()
