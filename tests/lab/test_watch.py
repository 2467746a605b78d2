#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drift is an event: what others do on a really booted host is on the server at once, with who did it, and put right.

Sweeps are an hour apart here, so whatever is found was told by the kernel, systemd or the package database."""
import tempfile
import unittest

from aptrepo import AptRepo
from fleet import GUEST_BIN, Fleet
from labhost import wait_until

UNIT = "[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
RECIPE = """
package "gadget"
group "ops"
user "ann" { groups = { "ops" }, shell = "/bin/sh" }
directory "/srv/app" { mode = "0750" }
file "/srv/app/one" { content = "one\\n", mode = "0644" }
file "/srv/app/two" { content = "two\\n" }
file "/srv/later/conf.d/three" { content = "three\\n", after = directory "/srv/later/conf.d" { after = directory "/srv/later" {} } }
link "/srv/app/link" { target = "one" }
line "limits" { path = "/etc/security/limits.conf", line = "* hard core 0" }
sysctl "net.ipv4.ip_default_ttl" { value = "63" }
cron "greet" { minute = "5", command = "true" }
service "idler" { running = true, enabled = true }
exec "step" { command = { "true" }, creates = "/etc/hostname" }
"""
TREE = {"fleet.lua": 'include "app"\nhost.enforce = host.labels.mode ~= "audit"\n',
        "recipes/app/init.lua": RECIPE}
SECONDS = 20  # To be found on the server; a sweep would take an hour.


class Watch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(hosts=["web1"], title="watch", sweep="1h")
        cls.enterClassContext(cls.fleet)
        cls.host = cls.fleet.hosts[0]
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        repo = AptRepo(folder.name)
        repo.build("gadget", "1.0", {"/usr/bin/gadget": ("#!/bin/sh\n", 0o755)})
        repo.index()
        repo.install_into(cls.host)
        cls.host.write_file("/etc/systemd/system/idler.service", UNIT)
        cls.host.run("systemctl daemon-reload")
        cls.fleet.publish(TREE)
        cls.fleet.wait_converged()
        wait_until(lambda: cls.fleet.json("host", "web1")["resources"][0].get("watching"), SECONDS, "the coverage")

    def records(self, resource, outcome="DRIFT_CORRECTED"):
        return [one for one in self.fleet.drift() if one["id"] == resource and one["outcome"] == outcome]

    def drifted(self, resource, act, outcome="DRIFT_CORRECTED"):
        """Does `act` on the host and answers the one drift record that comes of it."""
        before = len(self.records(resource, outcome))
        act()
        wait_until(lambda: len(self.records(resource, outcome)) > before, SECONDS, f"the drift of {resource}")
        return self.records(resource, outcome)[0]

    def sh(self, script):
        return lambda: self.host.run(script)

    def test_01_a_foreign_write_is_corrected_and_says_who(self):
        record = self.drifted("file:/srv/app/one", self.sh(
            "SSH_CONNECTION='10.9.8.7 40000 10.0.0.1 22' sh -c 'echo tampered > /srv/app/one; sleep 1; "
            "true --password geheim'"))
        wait_until(lambda: self.host.read_file("/srv/app/one") == "one\n", SECONDS, "the file to be put right")
        actor = record["actor"]
        self.assertEqual(actor["certainty"], "CERTAIN", actor)
        self.assertIn("tampered", actor["command"])
        self.assertNotIn("geheim", actor["command"])
        self.assertEqual(actor["user"], "root")
        self.assertEqual(actor["sshSource"], "10.9.8.7")
        self.assertTrue(actor["executable"].endswith(("sh", "dash")), actor)
        self.assertIn("by sh -c", self.fleet.fettle("drift", "--since", "1h").out)
        self.assertEqual([one["id"] for one in self.fleet.json(
            "drift", "--since", "1h", "resource.name == /srv/app/one and who.ssh_source == 10.9.8.7")["records"]],
            ["file:/srv/app/one"])
        blamed = self.fleet.json("blame", self.fleet.json("hosts")["hosts"][0]["name"], "file:/srv/app/one")
        self.assertIn("/srv/app", blamed["line"])
        self.assertEqual(blamed["drift"]["state"]["actor"]["sshSource"], "10.9.8.7")
        self.assertTrue(blamed["enforced"]["publishedBy"])

    def test_02_a_replacement_and_a_removal_and_a_mode(self):
        for script in ("echo x > /srv/app/.t && mv /srv/app/.t /srv/app/two", "rm /srv/app/two",
                       "sed -i s/two/2/ /srv/app/two"):
            self.drifted("file:/srv/app/two", self.sh(script))
            wait_until(lambda: self.host.read_file("/srv/app/two") == "two\n", SECONDS, script)
        self.drifted("file:/srv/app/one", self.sh("chmod 0600 /srv/app/one"))
        self.drifted("link:/srv/app/link", self.sh("ln -sfn two /srv/app/link"))

    def test_03_a_directory_moved_away_and_another_in_its_place(self):
        self.drifted("file:/srv/later/conf.d/three", self.sh(
            "mkdir -p /srv/x/conf.d && echo 3 > /srv/x/conf.d/three && mv /srv/later /srv/old && mv /srv/x /srv/later"))
        wait_until(lambda: self.host.read_file("/srv/later/conf.d/three") == "three\n", SECONDS, "the file")
        self.drifted("file:/srv/later/conf.d/three", self.sh("rm -rf /srv/later"))
        wait_until(lambda: self.host.exists("/srv/later/conf.d/three"), SECONDS, "the file")

    def test_03b_something_mounted_over_it(self):
        self.drifted("file:/srv/later/conf.d/three", self.sh("mount -t tmpfs tmpfs /srv/later/conf.d"))
        wait_until(lambda: self.host.exists("/srv/later/conf.d/three"), SECONDS, "the file on what is mounted")
        self.host.run("echo below > /srv/later/conf.d/three; umount -l /srv/later/conf.d")
        self.drifted("file:/srv/later/conf.d/three", self.sh("echo x > /srv/later/conf.d/three"))

    def test_04_a_service_that_is_stopped_or_dies_or_is_disabled(self):
        self.drifted("service:idler", self.sh("systemctl stop idler"))
        wait_until(lambda: self.host.unit_state("idler") == "active", SECONDS, "the service")
        self.drifted("service:idler", self.sh("systemctl kill -s KILL idler"))
        wait_until(lambda: self.host.unit_state("idler") == "active", SECONDS, "the service")
        self.drifted("service:idler", self.sh("systemctl disable idler"))

    def test_05_a_package_that_is_removed(self):
        record = self.drifted("package:gadget", self.sh("apt-get remove -y gadget"))
        self.assertIn("apt-get remove", record["actor"]["transaction"] + record["actor"].get("command", ""))
        wait_until(lambda: self.host.exists("/usr/bin/gadget"), SECONDS, "the package")

    def test_06_users_settings_lines_and_jobs(self):
        self.drifted("user:ann", self.sh("usermod -s /bin/false ann"))
        self.drifted("sysctl:net.ipv4.ip_default_ttl", self.sh("echo 64 > /proc/sys/net/ipv4/ip_default_ttl"))
        self.drifted("line:limits", self.sh("sed -i '/hard core 0/d' /etc/security/limits.conf"))
        self.drifted("cron:greet", self.sh("rm /etc/cron.d/*greet*"))

    def test_07_every_resource_says_how_it_is_watched(self):
        resources = {one["id"]: one for one in self.fleet.json("host", "web1")["resources"]}
        self.assertEqual(resources["file:/srv/app/one"]["watching"], "WATCHING_EVENT")
        self.assertEqual(resources["service:idler"]["watching"], "WATCHING_EVENT")
        self.assertEqual(resources["exec:step"]["watching"], "WATCHING_SWEEP")
        self.assertGreater(int(resources["exec:step"]["worstUs"]), 3_600_000_000 - 1)
        self.assertIn("by events", self.fleet.fettle("host", "web1").out)

    def test_08_nothing_is_reported_of_what_the_agent_does_itself(self):
        runs = len(self.fleet.json("runs", "web1")["runs"])
        self.host.run("touch /srv/app/one; mkdir -p /srv/app/unrelated; "
                      "for i in $(seq 3000); do echo $i > /srv/app/unrelated/$i; done")
        self.fleet.publish({**TREE, "recipes/app/init.lua": RECIPE.replace('"two\\n"', '"zwei\\n"')})
        self.fleet.wait_converged(revision="r2")
        self.drifted("file:/srv/app/one", self.sh("echo x > /srv/app/one"))
        # The push, and the drift.
        self.assertEqual(len(self.fleet.json("runs", "web1")["runs"]), runs + 2)

    def test_09_a_pause_from_the_server_shows_and_ends_by_itself(self):
        self.fleet.fettle("pause", "web1", "--for", "8s", "--reason", "looking for a leak")
        wait_until(lambda: self.fleet.states()["web1"].get("pauseReason"), SECONDS, "the pause")
        self.assertIn("looking for a leak", self.fleet.states()["web1"]["pauseReason"])
        self.assertIn("looking for a leak", self.fleet.fettle("host", "web1").out)
        self.drifted("file:/srv/app/one", self.sh("echo paused > /srv/app/one"), "DRIFT_OPEN")
        self.assertEqual(self.host.read_file("/srv/app/one"), "paused\n")
        wait_until(lambda: not self.fleet.states()["web1"].get("pauseReason"), SECONDS, "the end of the pause")
        wait_until(lambda: self.host.read_file("/srv/app/one") == "one\n", SECONDS, "the file to be put right")

    def test_10_a_fight_is_noticed_and_left_alone(self):
        fighter = self.host.popen("while sleep 0.3; do echo fight > /srv/app/one; done")
        try:
            wait_until(lambda: [one for one in self.fleet.drift()
                                if one["id"] == "file:/srv/app/one" and one.get("contended")], SECONDS, "the fight")
            wait_until(lambda: self.records("file:/srv/app/one", "DRIFT_OPEN"), SECONDS, "that it is left alone")
        finally:
            fighter.kill()
            fighter.wait()
        record = [one for one in self.fleet.drift() if one.get("contended")][0]
        self.assertIn("changed back", record["contended"])
        self.assertIn("contended:", self.fleet.fettle("drift", "--since", "1h").out)

    def test_11_systemd_may_restart_itself(self):
        self.host.run("systemctl daemon-reexec")
        self.drifted("service:idler", self.sh("systemctl stop idler"))

    def test_12_the_agent_says_the_same_of_itself(self):
        self.assertIn("web1", self.host.run([f"{GUEST_BIN}/fettle-agent", "status"]).out)


if __name__ == "__main__":
    unittest.main()
