#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How soon a foreign write is drift on the server, and put right; what an idle agent costs meanwhile.

    sudo FETTLE_BIN=build/bin/fettle tests/bench/latency.py [--events 300] [--resources 1000] [--idle 60]

A really booted host (tests/lab) with its agent, the server on this machine: one kernel, one clock. A program in the
host writes to one declared file after the other, each once, and waits until the content is back. "On the server" is
the record's own time of storing; "put right" is when the writer reads the declared content again (it looks each
0.2 ms). Sweeps are an hour apart. Wake-ups are voluntary context switches of all threads of the agent and its link.
"""
import argparse
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))
import fleet as fleet_module  # noqa: E402

WRITER = """
import json, os, sys, time
events, resources, gap = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
out = []
for i in range(events):
    path = f"/srv/bench/f{i % resources}"
    wanted = open(path).read()
    before = time.time()
    if i % 2:
        with open(path, "w") as file:
            file.write(f"event-{i}\\n")
    else:
        with open("/srv/bench/.new", "w") as file:
            file.write(f"event-{i}\\n")
        os.rename("/srv/bench/.new", path)
    wrote = time.time()
    after = None
    while time.time() - wrote < 10:
        try:
            if open(path).read() == wanted:
                after = time.time()
                break
        except OSError:
            pass
        time.sleep(0.0002)
    out.append([before, wrote, after])
    time.sleep(gap)
print(json.dumps(out))
"""


def spread(name, seconds):
    values = sorted(seconds)
    at = [values[min(len(values) - 1, int(len(values) * share))] * 1000 for share in (0.5, 0.9, 0.99)]
    return f"| {name} | {len(values)} | {at[0]:.1f} | {at[1]:.1f} | {at[2]:.1f} | {values[-1] * 1000:.1f} |"


def switches(host, pids):
    """Voluntary context switches by process: how often it went to sleep again."""
    script = "cat /proc/{}/task/*/status | grep ^voluntary_ctxt"
    return [sum(int(line.split()[1]) for line in host.run(script.format(pid)).out.splitlines()) for pid in pids]


def memory(host, pid):
    text = host.run(f"cat /proc/{pid}/smaps_rollup").out
    kib = {name: int(number) for name, number in re.findall(r"(?m)^(\w+): +(\d+) kB", text)}
    return kib["Rss"] / 1024, kib["Pss"] / 1024, (kib["Private_Clean"] + kib["Private_Dirty"]) / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--gap", type=float, default=0.05, help="seconds between events")
    parser.add_argument("--idle", type=float, default=60)
    arguments = parser.parse_args()
    fleet_module.HEARTBEAT_SECONDS = 60
    with fleet_module.Fleet(hosts=["bench1"], title="latency", sweep="1h") as fleet:
        host = fleet.hosts[0]
        recipe = (f'directory "/srv/bench" {{}}\nfor i = 0, {arguments.resources - 1} do\n'
                  '  file("/srv/bench/f" .. i) { content = "content of " .. i .. "\\n" }\nend\n')
        fleet.publish({"fleet.lua": 'include "bench"\n', "recipes/bench/init.lua": recipe})
        fleet.wait_converged(timeout=120)
        time.sleep(3)
        host.write_file("/root/writer.py", WRITER)
        done = host.run(["python3", "/root/writer.py", str(arguments.events), str(arguments.resources),
                         str(arguments.gap)], timeout=900)
        events = json.loads(done.out)
        time.sleep(2)
        records = json.loads(fleet.fettle("drift", "--since", "1h", "--most", "5000", "-o", "json").out)["records"]
        stored = {}
        for record in records:
            for number in re.findall(r"event-(\d+)", json.dumps(record["differences"])):
                stored[int(number)] = int(record["storedUs"]) / 1e6
        certain = sum(1 for record in records if record.get("actor", {}).get("certainty") == "CERTAIN")
        print("| ms after the write | events | p50 | p90 | p99 | max |\n|---|---|---|---|---|---|")
        print(spread("drift on the server", [stored[i] - e[1] for i, e in enumerate(events) if i in stored]))
        print(spread("put right", [e[2] - e[1] for e in events if e[2]]))
        print(f"\n{len(stored)} of {len(events)} events on the server, {certain} with a certain culprit, "
              f"{sum(1 for e in events if not e[2])} not put right within 10 s; load {os.getloadavg()[0]:.1f}")
        pids = host.run("pgrep -x fettle-agent; pgrep -x fettle-agent-li").out.split()
        time.sleep(5)
        before = switches(host, pids)
        time.sleep(arguments.idle)
        after = switches(host, pids)
        print(f"\nidle with {arguments.resources} resources watched, heartbeat each 60 s: "
              f"{(sum(after) - sum(before)) * 60 / arguments.idle:.1f} wake-ups a minute")
        for pid, first, last in zip(pids, before, after):
            rss, pss, private = memory(host, pid)
            name = host.run(f"cat /proc/{pid}/comm").out.strip()
            print(f"{name}: {(last - first) * 60 / arguments.idle:.1f} wake-ups a minute, "
                  f"RSS {rss:.1f} MiB, PSS {pss:.1f} MiB, private {private:.1f} MiB")


if __name__ == "__main__":
    main()
