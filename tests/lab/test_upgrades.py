#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What upgrades leave undone, on a really booted host: who runs replaced files, and a reboot that cannot loop."""
import json
import subprocess
import tempfile
import unittest

from aptrepo import AptRepo
from fleet import GUEST_BIN, Fleet
from labhost import wait_until

NAPPER = "[Service]\nExecStart=/usr/local/bin/napper infinity\n"
# Something on the host that wants a reboot after each boot.
ASKER = ("[Service]\nType=oneshot\n"
         "ExecStart=/bin/sh -c 'echo asker > /run/reboot-required.pkgs; touch /run/reboot-required'\n"
         "[Install]\nWantedBy=multi-user.target\n")
RECIPE = """
file "/etc/before" { content = "one\\n" }
reboot "after upgrades" { delay = "2s", message = "lab \\"test\\"" }
file "/etc/behind" { content = "two\\n" }
"""
TREE = {"fleet.lua": 'include "app"\n', "recipes/app/init.lua": RECIPE}
GREETER = """
local greeter = package "greeter" { lock_wait = "1s" }
file "/etc/greeter.conf" { content = "one\\n", requires = greeter }
file "/etc/apart" { content = "two\\n" }
"""
# Holds the package manager's lock as dpkg does, and says its own number.
GRABBER = ("import fcntl, os, time; f = open('/var/lib/dpkg/lock-frontend', 'a'); fcntl.lockf(f, fcntl.LOCK_EX); "
           "print(os.getpid(), flush=True); time.sleep(120)")
SECONDS = 60


class Upgrades(unittest.TestCase):
    """One host; each test begins where the one before it ended."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(hosts=["web1"], title="upgrades", sweep="2s")
        cls.enterClassContext(cls.fleet)
        cls.host = cls.fleet.hosts[0]

    def facts(self):
        return json.loads(self.host.run([f"{GUEST_BIN}/fettle", "facts", "-o", "json"]).out)

    def boot_id(self):
        return self.host.read_file("/proc/sys/kernel/random/boot_id")

    def come_back(self, before, supervised):
        """Waits until the host has gone down by itself, and boots it if systemd-nspawn does not."""
        wait_until(lambda: self.host.status()["pid"] != supervised, SECONDS, "the host to go down")
        wait_until(lambda: self.host.state in ("off", "running", "degraded"), SECONDS, "the host to rest")
        if self.host.state == "off":
            self.host.boot()
        wait_until(lambda: self.host.state in ("running", "degraded"), SECONDS, "the host to be up")
        self.assertNotEqual(self.boot_id(), before)

    def resource(self, name):
        return next(one for one in self.fleet.json("host", "web1")["resources"] if one["id"] == name)

    def test_01_a_service_that_runs_a_replaced_program_is_told_until_it_is_restarted(self):
        self.host.run("cp /bin/sleep /usr/local/bin/napper")
        self.host.write_file("/etc/systemd/system/napper.service", NAPPER)
        self.host.run("systemctl daemon-reload; systemctl start napper")
        self.assertNotIn("napper.service", self.facts()["restart_needed"]["units"])
        self.host.run("cp /bin/sleep /usr/local/bin/new; mv /usr/local/bin/new /usr/local/bin/napper")
        self.assertIn("napper.service", self.facts()["restart_needed"]["units"])
        self.host.run("systemctl restart napper")
        self.assertNotIn("napper.service", self.facts()["restart_needed"]["units"])

    def test_02_a_container_is_not_told_of_kernels(self):
        self.assertEqual(self.facts()["reboot"], {"needed": False, "because": [], "kernel": "not told"})

    def test_03_a_reboot_that_is_wanted_is_made_and_the_run_goes_on_after_it(self):
        self.fleet.publish(TREE)
        self.fleet.wait_converged()
        before, supervised = self.boot_id(), self.host.status()["pid"]
        self.host.run("rm /etc/before /etc/behind; touch /run/reboot-required")
        self.come_back(before, supervised)
        self.assertFalse(self.host.exists("/run/reboot-required"))
        for path in ("/etc/before", "/etc/behind"):
            wait_until(lambda path=path: self.host.exists(path), SECONDS, path)
        wait_until(lambda: self.resource("reboot:after upgrades")["state"] == "STATE_OK", SECONDS, "the reboot at rest")

    def test_04_what_the_boot_does_not_clear_is_reported_and_not_rebooted_for_again(self):
        self.host.write_file("/etc/systemd/system/asker.service", ASKER)
        before, supervised = self.boot_id(), self.host.status()["pid"]
        self.host.run("systemctl daemon-reload; systemctl enable --now asker", check=False)
        self.come_back(before, supervised)
        wait_until(lambda: self.resource("reboot:after upgrades")["state"] == "STATE_FAILED", SECONDS, "the failure")
        after = self.boot_id()
        self.assertIn("wants it still", self.resource("reboot:after upgrades")["error"])
        self.assertIn("a boot: asker wants it", self.fleet.fettle("host", "web1").out)
        runs = self.resource("reboot:after upgrades")
        self.host.run("touch /run/reboot-required; rm /etc/before")  # Looked at again and again.
        wait_until(lambda: self.host.exists("/etc/before"), SECONDS, "another run")
        self.assertEqual(self.boot_id(), after, runs)
        self.assertNotEqual(self.host.unit_state("fettle-reboot.timer"), "active")

    def test_05_what_somebody_else_holds_is_blocked_says_by_whom_and_comes_when_he_is_gone(self):
        self.host.run("systemctl disable --now asker; rm -f /run/reboot-required*", check=False)
        with tempfile.TemporaryDirectory() as folder:
            repo = AptRepo(folder)
            repo.build("greeter", "1.0", {"/usr/share/greeter": "hello\n"})
            repo.install_into(self.host)
        holder = self.host.popen(["python3", "-c", GRABBER], stdout=subprocess.PIPE, text=True)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.wait, 30)
        self.addCleanup(holder.kill)
        pid = holder.stdout.readline().strip()
        self.fleet.publish({"fleet.lua": 'include "app"\n', "recipes/app/init.lua": GREETER})
        wait_until(lambda: any(one["id"] == "package:greeter" and one["state"] == "STATE_BLOCKED"
                               for one in self.fleet.json("host", "web1")["resources"]), SECONDS, "it to be blocked")
        self.assertIn(f"held by python3 (pid {pid}: python3 -c import fcntl", self.resource("package:greeter")["error"])
        self.assertEqual(self.resource("file:/etc/greeter.conf")["state"], "STATE_SKIPPED")
        self.assertIn("package:greeter is blocked", self.resource("file:/etc/greeter.conf")["error"])
        self.assertEqual(self.host.read_file("/etc/apart"), "two\n")
        self.assertEqual([one["name"] for one in self.fleet.json("hosts", "counts.blocked > 0")["hosts"]], ["web1"])
        self.assertEqual(self.fleet.json("hosts", "counts.failed > 0").get("hosts", []), [])
        self.assertIn("1 blocked", self.fleet.fettle("hosts").out)
        self.host.run(f"kill {pid}")
        self.fleet.wait_converged()
        self.assertEqual(self.host.read_file("/etc/greeter.conf"), "one\n")
        spans = self.fleet.json("history", "web1", "package:greeter")["spans"]
        self.assertEqual([one["state"]["state"] for one in spans][:3], ["STATE_OK", "STATE_CHANGED", "STATE_BLOCKED"])


if __name__ == "__main__":
    unittest.main()
