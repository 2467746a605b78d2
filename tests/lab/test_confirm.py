#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Commit-confirmed on a really booted host: what cuts it off from its server is undone, also across a loss of power and
kills of the agent.

The firewall is a stand-in: a unit by the name of nftables.service that runs /etc/nftables.conf as a script, which lets
the host reach its server, or not, by a route. To the agent there is no difference: a file, and a service that reads it."""
import os
import random
import time
import unittest

from fleet import GUEST_BIN, Fleet
from labhost import wait_until

OPEN = "# all may pass\n"
FIREWALL = """[Unit]
Description=Stands in for a firewall
After=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /etc/nftables.conf
ExecStop=/sbin/ip route flush type unreachable
[Install]
WantedBy=multi-user.target
"""
SSH = "[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
KILLS = int(os.environ.get("FETTLE_KILLS", "10"))


class Confirm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(hosts=["web1"], title="confirm", sweep="1h")
        cls.enterClassContext(cls.fleet)
        cls.host = cls.fleet.hosts[0]
        cls.host.write_file("/etc/nftables.conf", OPEN, mode="0600")
        cls.host.write_file("/etc/systemd/system/nftables.service", FIREWALL)
        cls.host.write_file("/etc/systemd/system/ssh.service", SSH)
        cls.host.run("mkdir -p /etc/ssh/sshd_config.d && systemctl daemon-reload && "
                     "systemctl enable --now nftables ssh")

    # What is published.

    def publish(self, text, message="test"):
        self.fleet.publish({"fleet.lua": text}, message=message)
        return self.fleet.json("revisions")["revisions"][0]["name"]

    def firewall(self, rules, window, extra=""):
        return (f'{extra}file "/etc/nftables.conf" {{ content = {rules!r}, mode = "0600", confirm = "{window}" }}\n'
                f'service "nftables" {{ running = true, restart_on = "file:/etc/nftables.conf", confirm = "{window}" }}\n')

    def cutting(self, mark):
        """Rules that let nothing through to the server."""
        return f"# {mark}\nip route replace unreachable {self.fleet.address}/32\n"

    # What is seen.

    def status(self):
        return self.host.run([f"{GUEST_BIN}/fettle-agent", "status"], check=False).out

    def is_cut(self):
        return "unreachable" in self.host.run("ip route show").out

    def pends(self):
        return self.host.exists("/var/lib/fettle/confirm")

    def state(self, resource):
        """As the server knows it: (state, error)."""
        for one in self.fleet.json("host", "web1")["resources"]:
            if one["id"] == resource:
                return one["state"], one.get("error", "")
        return "", ""

    def world(self):
        return self.host.run("cat /etc/nftables.conf; stat -c '%a %U' /etc/nftables.conf; ls /etc/marks* 2>/dev/null; "
                             "ip route show type unreachable; systemctl is-active nftables").out

    def held(self, revision):
        text = self.status()
        return (f", {revision}); looks only until another" in text and ", connected\n" in text and "confirm   " not in text
                and not self.pends())

    def wait(self, condition, seconds, what):
        try:
            wait_until(condition, seconds, what)
        except Exception as error:
            log = self.host.run("journalctl -n 60 --no-pager -o short-precise -u fettle-agent", check=False).out
            raise AssertionError(f"{error}\n{self.status()}\n{self.world()}\n{log}") from error

    def undone(self, revision, before, seconds):
        """Waits until all is as before, held, and known to the server as reverted and never as changed."""
        self.wait(lambda: self.held(revision), seconds, f"{revision} to be held")
        self.assertEqual(self.world(), before)
        self.assertTrue(self.host.can_connect(self.fleet.address, 7440))
        self.wait(lambda: self.state("file:/etc/nftables.conf")[0] == "STATE_REVERTED", 20, "the server to know")
        for run in self.fleet.json("runs", "web1")["runs"]:
            if run.get("revision") == revision:
                self.assertEqual(int(run["counts"].get("changed", 0)), 0, run)

    # The tests.

    def test_1_a_good_change_is_confirmed(self):
        self.publish('file "/etc/ssh/sshd_config.d/10-good.conf" { content = "PermitRootLogin no\\n" }\n'
                     'service "ssh" { running = true, restart_on = "file:/etc/ssh/sshd_config.d/10-good.conf" }\n')
        self.fleet.wait_converged()
        self.assertEqual(self.host.read_file("/etc/ssh/sshd_config.d/10-good.conf"), "PermitRootLogin no\n")
        log = self.host.journal("fettle-agent")
        self.assertIn("file:/etc/ssh/sshd_config.d/10-good.conf, service:ssh may cut this host off", log)
        self.assertIn("confirmed by a new connection to the server", log)
        self.assertFalse(self.pends())
        self.assertNotIn("held", self.status())

    def test_2_what_cuts_the_host_off_is_undone(self):
        before = self.world()
        revision = self.publish(self.firewall(self.cutting("two"), "6s", 'file "/etc/marks2" { content = "x\\n" }\n'))
        self.wait(self.is_cut, 30, "the host to be cut off")
        self.wait(lambda: "waiting for a new connection to" in self.status(), 5, "the agent to wait")
        cut = time.monotonic()
        self.wait(lambda: not self.is_cut(), 20, "it to be undone")
        print(f"undone {time.monotonic() - cut:.1f} s after it was seen to be cut off, of 6 s")
        self.undone(revision, before, 30)
        error = self.state("file:/etc/nftables.conf")[1]
        self.assertIn(f"not confirmed: no new connection to {self.fleet.address}:7440 within 6s", error)
        self.assertEqual(self.state("file:/etc/marks2")[0], "STATE_REVERTED", "the whole run")
        # A mended one is taken.
        self.publish(self.firewall("# mended\n", "20s"))
        self.fleet.wait_converged()
        self.assertEqual(self.host.read_file("/etc/nftables.conf"), "# mended\n")

    def test_3_also_when_the_power_fails_before_time_is_up(self):
        before = self.world()
        revision = self.publish(self.firewall(self.cutting("three"), "15s"))
        self.wait(self.is_cut, 30, "the host to be cut off")
        self.wait(lambda: "waiting for a new connection to" in self.status(), 5, "the agent to wait")
        self.host.kill()
        self.host.boot()
        self.assertTrue(self.is_cut(), "still, after the boot")
        self.undone(revision, before, 60)

    def test_4_the_agent_may_be_killed_at_any_moment(self):
        seed = int(os.environ.get("FETTLE_SEED", random.SystemRandom().randrange(1 << 30)))
        dice = random.Random(seed)
        kills = struck = turn = 0
        while kills < KILLS:
            turn += 1
            good = turn % 2 == 0
            before = self.world()
            rules = f"# good {turn}\n" if good else self.cutting(f"turn {turn}")
            revision = self.publish(self.firewall(rules, "3s"), message=f"turn {turn}")
            for _ in range(min(5, KILLS - kills)):
                killed = self.host.run(f"sleep {dice.uniform(0, 1.5):.3f}; pid=$(systemctl show -P MainPID fettle-agent); "
                                       "[ $pid -gt 0 ] && kill -9 $pid && echo struck; systemctl reset-failed fettle-agent; "
                                       "true").out
                kills += 1
                struck += "struck" in killed
            if good:
                self.wait(lambda: self.fleet.converged(revision=revision) and not self.pends() or self.held(revision), 60,
                          f"seed {seed}, turn {turn}: an end")
                after = before if self.held(revision) else before.replace(before.split("\n")[0], rules.strip(), 1)
                self.assertEqual(self.world(), after, f"seed {seed}, turn {turn}")
            else:
                self.wait(lambda: self.held(revision), 60, f"seed {seed}, turn {turn}: {revision} to be held")
                self.undone(revision, before, 20)
        print(f"seed {seed}: {kills} kills, {struck} of a running agent, {turn} changes")
        self.assertGreater(struck, 0)


if __name__ == "__main__":
    unittest.main()
