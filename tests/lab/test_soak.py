#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A really booted host on which something else changes things fifty times a second: files, services, users, packages.

Twenty seconds of it in the test; `FETTLE_SOAK_SECONDS=600 tests/lab/test_soak.py` is the long one, whose figures
stand in tests/bench/README.md. What is asserted does not depend on time: at the end all is as declared, what was
changed is told exactly once, and the agent has not grown. Each thing is changed less often than what the agent takes
for a fight, which it would leave alone for a while.
"""
import collections
import json
import os
import re
import tempfile
import unittest

from aptrepo import AptRepo
from fleet import Fleet
from labhost import wait_until

SECONDS = int(os.environ.get("FETTLE_SOAK_SECONDS", "20"))
FILES, SERVICES, USERS = 2000, 3, 6
RATE = 50
PIECE = 60  # Seconds after which what was told is checked: a server lists ten thousand records at once.

RECIPE = f"""
directory "/srv/soak" {{}}
for i = 0, {FILES - 1} do
  file("/srv/soak/f" .. i) {{ content = "content of " .. i .. "\\n", mode = "0644" }}
end
for i = 0, {USERS - 1} do
  user("soak" .. i) {{ comment = "as declared" }}
end
local soaked = package "soaked"
for i = 0, {SERVICES - 1} do
  service("soak" .. i) {{ running = true, after = soaked }}
end
"""
UNIT = "[Unit]\nDescription=Sleeps\n[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"

# In the host: makes the changes and prints the marks it wrote.
WRITER = """
import json, os, random, subprocess, sys, time
seconds, rate, files, services, users, first = (int(word) for word in sys.argv[1:])
dice = random.Random(first)
order = list(range(files))
dice.shuffle(order)
begin = time.monotonic()
marks, jobs, late, events = [], [], 0, 0
due = {"service": 1.0, "user": 2.0, "package": 4.0}
turn = {"service": 0, "user": 0}

def start(kind, now):
    if kind == "service":
        turn[kind] = (turn[kind] + 1) % services
        due[kind] = now + 20 / services
        argv = ["systemctl", "stop", f"soak{turn[kind]}"]
    elif kind == "user":
        turn[kind] = (turn[kind] + 1) % users
        due[kind] = now + 20 / users
        argv = ["usermod", "-c", f"edited {events}", f"soak{turn[kind]}"]
    else:
        due[kind] = now + 30
        argv = ["dpkg", "--remove", "soaked-data"]
    jobs.append(subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

def change(number):
    path = f"/srv/soak/f{order[number % files]}"
    kind = dice.random()
    if kind < 0.7:
        with open("/srv/new", "w") as file:
            file.write(f"mark-{number}-\\n")
        os.rename("/srv/new", path)
        marks.append(number)
    elif kind < 0.85:
        os.chmod(path, dice.choice((0o600, 0o777, 0o640)))
    else:
        os.unlink(path)

while True:
    now = time.monotonic() - begin
    if now >= seconds:
        break
    for kind in due:
        if now >= due[kind]:
            start(kind, now)
    try:
        change(first + events)
    except FileNotFoundError:
        late += 1
    events += 1
    time.sleep(max(0, begin + events / rate - time.monotonic()))
for job in jobs:
    job.wait()
print(json.dumps({"events": events + len(jobs), "marks": marks, "late": late, "others": len(jobs)}))
"""

# In the host: looks until all is as declared, and prints how long that took.
LOOKER = """
import grp, os, pwd, subprocess, sys, time
files, services, users = (int(word) for word in sys.argv[1:])
begin = time.monotonic()

def wrong():
    for i in range(files):
        try:
            path = f"/srv/soak/f{i}"
            if open(path).read() != f"content of {i}\\n" or os.stat(path).st_mode & 0o7777 != 0o644:
                return path
        except OSError as error:
            return str(error)
    for i in range(users):
        if pwd.getpwnam(f"soak{i}").pw_gecos.split(",")[0] != "as declared":
            return f"user soak{i}"
    for i in range(services):
        if subprocess.run(["systemctl", "is-active", "-q", f"soak{i}"]).returncode:
            return f"service soak{i}"
    status = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", "soaked-data"], capture_output=True)
    return "" if status.stdout == b"installed" else "package soaked-data"

while True:
    found = wrong()
    passed = time.monotonic() - begin
    if not found or passed > 60:
        break
    time.sleep(0.02)
print(f"{passed:.2f} {found}")
"""


class Soak(unittest.TestCase):
    def memory(self, host):
        pid = host.run("systemctl show -P MainPID fettle-agent").out.strip()
        return int(re.search(r"(?m)^VmRSS:\s+(\d+)", host.run(f"cat /proc/{pid}/status").out).group(1)) / 1024

    def test_all_is_as_declared_in_the_end_told_once_and_nothing_grew(self):
        with Fleet(hosts=["soak"], title="soak", sweep="1h") as fleet, tempfile.TemporaryDirectory() as folder:
            host = fleet.hosts[0]
            repo = AptRepo(folder)
            repo.build("soaked", "1.0", {}, units={f"soak{i}.service": UNIT for i in range(SERVICES)})
            repo.build("soaked-data", "1.0", {"/usr/share/soaked": "data\n"})
            repo.index()
            repo.install_into(host)
            fleet.publish({"fleet.lua": 'include "soak"\n',
                           "recipes/soak/init.lua": RECIPE + 'package "soaked-data"\n'})
            fleet.wait_converged(timeout=180)
            host.write_file("/root/writer.py", WRITER)
            host.write_file("/root/looker.py", LOOKER)
            self.changed = 0
            self.soak(host, 5)  # What it will ever need, it has after this.
            before = self.memory(host)
            began = self.changed
            for begin in range(0, SECONDS, PIECE):
                marks = self.soak(host, min(PIECE, SECONDS - begin))
                if begin + PIECE < SECONDS:
                    self.check_told(fleet, marks)
            took, _, wrong = host.run(["python3", "/root/looker.py", str(FILES), str(SERVICES), str(USERS)],
                                      timeout=120).out.strip().partition(" ")
            self.assertEqual(wrong, "", "still not as declared after a minute")
            after = self.memory(host)
            print(f"{self.changed - began} changes in {SECONDS} s, all as declared {took} s after the last; "
                  f"agent {before:.1f} MiB before, {after:.1f} MiB after")
            self.assertLess(after, before * 1.2 + 8, "the agent has grown")
            self.check_told(fleet, marks)

    def soak(self, host, seconds):
        """Changes things for so long; the numbers of those changes that left a mark."""
        numbers = (seconds, RATE, FILES, SERVICES, USERS, self.changed)
        done = json.loads(host.run(["python3", "/root/writer.py", *map(str, numbers)], timeout=seconds + 120).out)
        self.changed += done["events"]
        return set(done["marks"])

    def check_told(self, fleet, marks):
        def told():
            found = collections.Counter()
            for one in fleet.json("drift", "--since", "5m", "--most", "10000")["records"]:
                if one["outcome"] == "DRIFT_CORRECTED":
                    found.update({int(number) for number in re.findall(r"mark-(\d+)-", json.dumps(one["differences"]))})
            return found
        wait_until(lambda: marks <= set(told()), 120, "every change to be told on the server")
        times = told()
        self.assertEqual({mark: times[mark] for mark in marks if times[mark] != 1}, {})


if __name__ == "__main__":
    unittest.main()
