#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole road on really booted hosts: published, pushed, converged, proven, drift reported and put right."""
import collections
import os
import random
import re
import signal
import tempfile
import threading
import time
import unittest

from aptrepo import AptRepo
from fleet import GUEST_BIN, Fleet
from labhost import wait_until

GREETER = """#!/usr/bin/python3
import http.server, sys
text = open("/etc/greeter.conf").read().encode()
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(text)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8099), Answer).serve_forever()
"""
UNIT = """[Unit]
Description=Greets
[Service]
ExecStart=/usr/bin/greeter
[Install]
WantedBy=multi-user.target
"""

BUSY = 150  # Files of the test under load.
NOT_CONNECTED = 5  # docs/reference/exit-codes.md: the server was asked, and could ask nobody.
FLEET = 'include "greeter"\nhost.enforce = host.labels.mode ~= "audit"\n'


def recipe(greeting, extra=""):
    return f"""
local greeter = package "greeter"
group "greeters"
user "greeta" {{ groups = {{ "greeters" }}, shell = "/bin/sh" }}
directory "/srv/greetings" {{ mode = "0750", group = "greeters" }}
file "/srv/greetings/hello" {{ content = "{greeting}\\n", mode = "0640", owner = "greeta" }}
link "/srv/greetings/link" {{ target = "hello" }}
{extra}
local conf = file "/etc/greeter.conf" {{ content = "{greeting}\\n", mode = "0644", after = greeter }}
line "limits" {{ path = "/etc/security/limits.conf", line = "* hard core 0" }}
sysctl "net.ipv4.ip_default_ttl" {{ value = "63" }}
cron "greet" {{ minute = "5", command = "true" }}
service "greeter" {{ running = true, enabled = true, after = greeter, restart_on = conf }}
check "answers" {{ http = "http://127.0.0.1:8099/", expect = 200, contains = "{greeting}", within = "15s" }}
"""


def tree(greeting, extra=""):
    return {"fleet.lua": FLEET, "recipes/greeter/init.lua": recipe(greeting, extra)}


class Road(unittest.TestCase):
    """One fleet of two hosts; every test publishes what it needs and begins from a converged fleet."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(hosts=["web1", "web2"])
        cls.enterClassContext(cls.fleet)
        cls.web1, cls.web2 = cls.fleet.hosts
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        repo = AptRepo(folder.name)
        repo.build("greeter", "1.0", {"/usr/bin/greeter": (GREETER, 0o755), "/etc/greeter.conf": "from the package\n"},
                   conffiles=["/etc/greeter.conf"], units={"greeter.service": UNIT})
        repo.index()
        for host in cls.fleet.hosts:
            repo.install_into(host)

    def converge(self, greeting, extra=""):
        self.fleet.publish(tree(greeting, extra))
        self.fleet.wait_converged()

    def greeting(self, host):
        return host.run(["curl", "-s", "-m", "5", "http://127.0.0.1:8099/"], check=False).out.strip()

    def last_run(self, name):
        return self.fleet.json("runs", name)["runs"][0]

    def drift_of(self, resource, outcome):
        return [one for one in self.fleet.drift() if one["id"] == resource and one["outcome"] == outcome]

    def test_01_a_fresh_host_converges_with_a_real_package_and_service(self):
        self.converge("hello")
        for host in self.fleet.hosts:
            self.assertEqual(self.greeting(host), "hello")
            self.assertEqual(host.run(["stat", "-c", "%a %U %G", "/srv/greetings/hello"]).out.split()[:2],
                             ["640", "greeta"])
            self.assertIn("greeters", host.run(["id", "-nG", "greeta"]).out)
            self.assertEqual(host.run(["systemctl", "is-enabled", "greeter"]).out.strip(), "enabled")
            self.assertEqual(host.read_file("/proc/sys/net/ipv4/ip_default_ttl").strip(), "63")
            self.assertEqual(host.run("dpkg --audit").out, "")

    def test_02_a_second_run_changes_nothing(self):
        self.converge("hello")
        before = self.web1.run("stat -c '%i %Y %Z' /srv/greetings/hello /etc/greeter.conf; systemctl show -P MainPID greeter").out
        ran = len(self.fleet.json("runs", "web1")["runs"])
        self.fleet.fettle("run", "web1")
        wait_until(lambda: len(self.fleet.json("runs", "web1")["runs"]) > ran, 30, "the run that was asked for")
        counts = self.last_run("web1")["counts"]
        self.assertEqual({key: int(n) for key, n in counts.items() if int(n)}.keys(), {"ok"})
        after = self.web1.run("stat -c '%i %Y %Z' /srv/greetings/hello /etc/greeter.conf; systemctl show -P MainPID greeter").out
        self.assertEqual(before, after)

    def test_03_a_hand_edit_and_a_stopped_service_are_reported_and_corrected(self):
        self.converge("hello")
        self.web1.write_file("/srv/greetings/hello", "tampered\n", mode="0640")
        self.web2.run("systemctl stop greeter")
        wait_until(lambda: self.drift_of("file:/srv/greetings/hello", "DRIFT_CORRECTED"), 40, "the edit to be corrected")
        wait_until(lambda: self.drift_of("service:greeter.service", "DRIFT_CORRECTED")
                   or self.drift_of("service:greeter", "DRIFT_CORRECTED"), 40, "the service to be corrected")
        record = self.drift_of("file:/srv/greetings/hello", "DRIFT_CORRECTED")[0]
        content = next(d for d in record["differences"] if d["attribute"] == "content")
        self.assertEqual(record["host"], "web1")
        self.assertIn("tampered", content.get("current", "") + content.get("diff", ""))
        self.assertIn("hello", content.get("desired", "") + content.get("diff", ""))
        self.assertEqual(self.web1.read_file("/srv/greetings/hello"), "hello\n")
        self.assertEqual(self.web2.unit_state("greeter"), "active")

    def test_04_audit_mode_changes_nothing_and_says_what_it_would(self):
        self.converge("hello")
        self.fleet.fettle("label", "web1", "mode=audit")
        self.web1.write_file("/srv/greetings/hello", "left alone\n")
        wait_until(lambda: [d for d in self.drift_of("file:/srv/greetings/hello", "DRIFT_OPEN") if d["host"] == "web1"],
                   40, "the open drift")
        self.assertEqual(self.web1.read_file("/srv/greetings/hello"), "left alone\n")
        self.fleet.fettle("label", "web1", "mode-")
        self.fleet.wait_converged()
        self.assertEqual(self.web1.read_file("/srv/greetings/hello"), "hello\n")

    def test_05_a_failing_resource_skips_its_dependents_and_nothing_else(self):
        broken = """
local bad = exec "breaks" { command = { "/bin/false" }, creates = "/nonexistent/never" }
file "/srv/greetings/dependent" { content = "x", requires = bad }
file "/srv/greetings/unrelated" { content = "y" }
"""
        self.fleet.publish(tree("hello", broken))

        def states():
            host = self.fleet.json("host", "web1")
            return {one["id"]: one for one in host["resources"]}
        wait_until(lambda: states().get("exec:breaks", {}).get("state") == "STATE_FAILED", 60, "the failure")
        found = states()
        self.assertEqual(found["file:/srv/greetings/dependent"]["state"], "STATE_SKIPPED")
        self.assertEqual(found["file:/srv/greetings/unrelated"]["state"], "STATE_OK")
        self.assertTrue(self.web1.exists("/srv/greetings/unrelated"))
        self.assertFalse(self.web1.exists("/srv/greetings/dependent"))
        self.converge("hello")

    def test_06_a_host_that_was_cut_off_catches_up(self):
        self.converge("hello")
        self.web1.cut()
        wait_until(lambda: self.fleet.states()["web1"]["presence"] == "PRESENCE_SILENT", 60, "web1 to be silent")
        self.fleet.publish(tree("while you were away"))
        self.web1.write_file("/srv/greetings/hello", "drift while cut\n", mode="0640")
        self.fleet.wait_converged(names=["web2"])
        wait_until(lambda: self.web1.read_file("/srv/greetings/hello") == "hello\n", 40,
                   "the cut host to go on enforcing what it had")
        self.web1.join()
        self.fleet.wait_converged(timeout=120)
        self.assertEqual(self.web1.read_file("/srv/greetings/hello"), "while you were away\n")
        told = [d for d in self.drift_of("file:/srv/greetings/hello", "DRIFT_CORRECTED")
                if "drift while cut" in str(d["differences"])]
        self.assertEqual(len(told), 1, "the drift of the time without a server is there, once")

    def test_07_no_acknowledged_report_is_lost_when_the_server_is_killed(self):
        self.converge("hello")
        marks = [f"mark {i}" for i in range(6)]
        for mark in marks:
            self.web1.write_file("/srv/greetings/hello", mark + "\n", mode="0640")
            wait_until(lambda: self.web1.read_file("/srv/greetings/hello") == "hello\n", 40, "the repair")
            self.fleet.stop_server(signal.SIGKILL)
            self.fleet.start_server()

        def told():
            records = str(self.drift_of("file:/srv/greetings/hello", "DRIFT_CORRECTED"))
            return [records.count(f"{mark}\\\\n") + records.count(f"-{mark}") for mark in marks]

        def seen():
            texts = [str(one["differences"]) for one in self.drift_of("file:/srv/greetings/hello", "DRIFT_CORRECTED")]
            return [sum(mark in text for text in texts) for mark in marks]
        wait_until(lambda: min(seen()) > 0, 90, "every repair to be on the server")
        self.assertEqual(seen(), [1] * len(marks), told())

    def test_08_a_revision_signed_by_a_key_the_host_does_not_list_is_refused_and_said(self):
        self.converge("hello")
        stranger = os.path.join(self.fleet.folder, "stranger")
        if not os.path.exists(stranger):
            os.system(f"ssh-keygen -q -t ed25519 -N '' -f {stranger}")
            with open(f"{stranger}.pub", encoding="utf-8") as key, \
                    open(os.path.join(self.fleet.data, "trusted_keys"), "a", encoding="utf-8") as keys:
                keys.write(key.read())
            self.fleet.stop_server()
            self.fleet.start_server()
        self.fleet.publish(tree("from a stranger"), key=stranger)
        wait_until(lambda: "SHA256:" in self.fleet.states()["web1"].get("refusal", ""), 60, "the refusal")
        self.assertEqual(self.web1.read_file("/srv/greetings/hello"), "hello\n")
        self.fleet.publish(tree("hello again"))
        self.fleet.wait_converged()
        self.assertEqual(self.fleet.states()["web1"].get("refusal", ""), "")

    def test_09_a_server_that_was_taken_over_cannot_make_a_host_run_anything(self):
        self.converge("hello")
        self.fleet.stop_server()
        database = os.path.join(self.fleet.data, "fettle.db")
        import sqlite3
        with sqlite3.connect(database) as connection:
            connection.execute("UPDATE revisions SET signature = '' WHERE number = (SELECT max(number) FROM revisions)")
        connection.close()
        self.web2.run(f"systemctl stop fettle-agent; rm -rf /var/lib/fettle/*; rm -f /etc/greeter.conf")
        self.fleet.start_server()
        self.web2.run("systemctl start fettle-agent")
        wait_until(lambda: "sign" in self.fleet.states()["web2"].get("refusal", ""), 60, "the refusal")
        self.assertFalse(self.web2.exists("/etc/greeter.conf"))
        self.fleet.publish(tree("good again"))
        self.fleet.wait_converged()

    def test_10_a_busy_fleet_loses_and_doubles_nothing_while_the_server_is_killed(self):
        """Every host has something changed behind its back ten times a second; each of these changes is told exactly
        once, whatever the server was doing when it was killed."""
        busy = "".join(f'file "/srv/busy/f{i}" {{ content = "as declared {i}\\n" }}\n' for i in range(BUSY))
        self.converge("hello", 'directory "/srv/busy" {}\n' + busy)
        dice = random.Random(BUSY)
        script = (f"for i in $(seq 0 {BUSY - 1}); do echo behind-your-back-$i-of-$(hostname) > /srv/new; "
                  "mv /srv/new /srv/busy/f$i; sleep 0.1; done")
        writers = [threading.Thread(target=host.run, args=(script,)) for host in self.fleet.hosts]
        for writer in writers:
            writer.start()
        kills = 0
        while any(writer.is_alive() for writer in writers):
            time.sleep(dice.uniform(0.2, 1.5))
            self.fleet.stop_server(signal.SIGKILL)
            self.fleet.start_server()
            kills += 1
        self.assertGreater(kills, 2)
        for writer in writers:
            writer.join()

        def told():
            found = collections.Counter()
            for one in self.fleet.drift():
                if one["id"].startswith("file:/srv/busy/") and one["outcome"] == "DRIFT_CORRECTED":
                    found.update(set(re.findall(r"behind-your-back-\d+-of-\w+", str(one["differences"]))))
            return found
        expected = {f"behind-your-back-{i}-of-{name}" for i in range(BUSY) for name in ("web1", "web2")}
        wait_until(lambda: expected <= set(told()), 90, "every change to be told on the server")
        self.assertEqual(told(), collections.Counter(expected))

    def test_11_a_revoked_host_loses_its_stream_at_once_and_does_not_come_back(self):
        self.converge("hello")
        self.fleet.fettle("enroll", "revoke", "--host", "web2", "--reason", "stolen")
        wait_until(lambda: self.fleet.states()["web2"]["presence"] == "PRESENCE_REVOKED", 20, "the revocation")
        self.fleet.publish(tree("not for the revoked"))
        self.fleet.wait_converged(names=["web1"])
        self.assertEqual(self.web2.read_file("/srv/greetings/hello"), "hello\n")


class KilledAgent(unittest.TestCase):
    """kill -9 at random moments of a converge."""

    KILLS = 50

    def rest(self, fleet, name):
        """Waits for a run that began after now and found everything at rest: what the server knows from before the last
        kill says nothing. The agent that was killed last may still have to come back before it can be asked."""
        began = time.time() * 1_000_000

        def quiet():
            if fleet.fettle("run", name, codes=(0, NOT_CONNECTED)).code == NOT_CONNECTED:
                return False
            runs = [run for run in fleet.json("runs", name)["runs"] if int(run["startedUs"]) > began]
            return runs and {state for state, count in runs[0]["counts"].items() if int(count)} == {"ok"}
        wait_until(quiet, 120, "a quiet run")

    def test_every_kill_leaves_whole_files_and_the_end_is_clean(self):
        seed = int(os.environ.get("FETTLE_SEED", random.SystemRandom().randrange(1 << 30)))
        dice = random.Random(seed)
        print(f"seed {seed} (FETTLE_SEED repeats it)")
        with Fleet(hosts=["box"], title="kill") as fleet, tempfile.TemporaryDirectory() as folder:
            box = fleet.hosts[0]
            repo = AptRepo(folder)
            for version in ("1.0", "2.0"):
                repo.build("greeter", version, {"/usr/bin/greeter": (GREETER, 0o755)},
                           units={"greeter.service": UNIT})
            repo.index()
            repo.install_into(box)
            many = "".join(f'file "/srv/greetings/f{i}" {{ content = string.rep("GREET {i}\\n", 400) }}\n' for i in range(60))
            revisions = []
            for greeting, version in (("even", "1.0"), ("odd", "2.0")):
                text = recipe(greeting, many.replace("GREET", greeting)).replace(
                    'package "greeter"', f'package "greeter" {{ version = "{version}", allow_downgrade = true }}')
                fleet.publish({"fleet.lua": FLEET, "recipes/greeter/init.lua": text}, message=greeting)
                revisions.append(fleet.json("revisions")["revisions"][0]["name"])
                fleet.wait_converged(timeout=120)
            for turn in range(self.KILLS):
                fleet.fettle("channel", "set", "production", revisions[turn % 2])
                script = (f"sleep {dice.uniform(0, 1.2):.3f}; pid=$(systemctl show -P MainPID fettle-agent); "
                          "[ $pid -gt 0 ] && kill -9 $pid; systemctl reset-failed fettle-agent; true")
                box.run(script)
                torn = box.run("cd /srv/greetings && for f in f*; do sort -u $f | wc -l; done | sort -u").out.split()
                self.assertIn(torn, (["1"], []), f"a torn file after kill {turn}")
            fleet.fettle("channel", "set", "production", revisions[1])
            fleet.wait_converged(timeout=180, revision=revisions[1])
            self.rest(fleet, "box")
            self.assertEqual(box.run("dpkg --audit").out, "")
            self.assertEqual(box.run(["dpkg-query", "-W", "-f", "${Version}", "greeter"]).out, "2.0")
            self.assertEqual(box.run("find /srv /etc -name '.*fettle*'").out, "")
            self.assertEqual(box.run(["curl", "-s", "-m", "5", "http://127.0.0.1:8099/"]).out.strip(), "odd",
                             "every restart that was due has happened")


if __name__ == "__main__":
    unittest.main()
