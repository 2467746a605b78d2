#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installed packages as history, on hosts with a real apt: what is there, what was at a moment, what changed and who did
it: by hand with apt and with dpkg, and by a recipe."""
import datetime
import tempfile
import shutil
import unittest

from aptrepo import AptRepo
from fleet import Fleet
from labhost import wait_until

SECONDS = 60
TOOL = "fettle-lab-tool"
OTHER = "fettle-lab-other"


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Packages(unittest.TestCase):
    """Tests go on from each other in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(hosts=["web1", "web2"], title="packages", sweep="2s")
        cls.enterClassContext(cls.fleet)
        folder = tempfile.mkdtemp(prefix="fettle-packages-")
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.repo = AptRepo(folder)
        for name in (TOOL, OTHER):
            for version in ("1.0", "2.0"):
                cls.repo.build(name, version, architecture="all")
        for host in cls.fleet.hosts:
            cls.repo.install_into(host)
        cls.publish('file "/etc/lab" { content = "x\\n" }\n')

    @classmethod
    def publish(cls, recipe):
        cls.fleet.publish({"fleet.lua": 'include "a"\n', "recipes/a/init.lua": recipe})
        cls.fleet.wait_converged()

    def packages(self, *words):
        return self.fleet.json("packages", *words).get("packages", [])

    def changes(self, *words):
        return self.fleet.json("packages", *words, "--since", "1h").get("changes", [])

    def versions(self, name, *words):
        """By host, of one package."""
        return {one["host"]: one["version"] for one in self.packages(name, *words)}

    def change_of(self, name, host, to, since="1h"):
        """Waits until it is told that the package came to be of this version ("": gone)."""
        found = []

        def told():
            changes = self.fleet.json("packages", name, "--where", host, "--since", since).get("changes", [])
            found[:] = [one for one in changes if one.get("to", "") == to]
            return found
        wait_until(told, SECONDS, f"{name} {to or 'gone'} on {host} to be told")
        return found[0]

    def test_1_what_is_told_is_what_dpkg_says(self):
        for host in self.fleet.hosts:
            wait_until(lambda: self.packages("--where", host.name), SECONDS, "the list to be told")
            said = host.run("dpkg-query -W -f '${db:Status-Status} ${Package} ${Version} ${Architecture}\\n'").out
            installed = {tuple(line.split()[1:]) for line in said.splitlines() if line.startswith("installed ")}
            told = {(one["name"].split(":")[0], one["version"], one["architecture"])
                    for one in self.packages("--where", host.name)}
            self.assertEqual(told, installed)
        self.assertEqual(self.changes(), [])

    def test_2_what_somebody_does_with_apt_is_told_with_who(self):
        host = self.fleet.hosts[0]
        before = now()
        host.run(f"apt-get install -qy {TOOL}=1.0")
        change = self.change_of(TOOL, "web1", "1.0")
        self.assertEqual(change.get("from", ""), "")
        self.assertIn(f"apt-get install -qy {TOOL}=1.0", change["transaction"])
        self.assertEqual(change.get("run", ""), "")
        between = now()
        host.run(f"apt-get install -qy {TOOL}=2.0")
        upgraded = self.change_of(TOOL, "web1", "2.0")
        self.assertEqual(upgraded["from"], "1.0")
        self.assertIn(f"{TOOL}=2.0", upgraded["transaction"])
        self.assertEqual(self.versions(TOOL), {"web1": "2.0"})
        self.assertEqual(self.versions(TOOL, "--at", between), {"web1": "1.0"})
        self.assertEqual(self.versions(TOOL, "--at", before), {})
        said = self.fleet.fettle("packages", TOOL, "--since", "1h").out
        self.assertIn("upgraded", said)
        self.assertIn("installed", said)

    def test_3_a_downgrade_and_a_removal_past_apt_are_told(self):
        host = self.fleet.hosts[0]
        host.run(f"apt-get install -qy --allow-downgrades {TOOL}=1.0")
        wait_until(lambda: self.versions(TOOL) == {"web1": "1.0"}, SECONDS, "the downgrade to be told")
        self.assertIn("downgraded", self.fleet.fettle("packages", TOOL, "--since", "1h").out)
        there = now()
        host.run(f"dpkg --purge {TOOL}")
        change = self.change_of(TOOL, "web1", "")
        self.assertEqual(change["from"], "1.0")
        self.assertIn("dpkg: ", change["transaction"])
        self.assertEqual(self.versions(TOOL), {})
        self.assertEqual(self.versions(TOOL, "--at", there), {"web1": "1.0"})

    def test_4_what_a_run_installs_is_told_with_the_run(self):
        before = now()
        self.publish(f'package "{TOOL}" {{ version = "2.0" }}\n')
        for host in ("web1", "web2"):
            change = self.change_of(TOOL, host, "2.0", since=before)
            runs = {run["id"]: run for run in self.fleet.json("runs", host)["runs"]}
            self.assertIn(change["run"], runs)
        said = self.fleet.fettle("history", "web2", "--since", "1h").out
        self.assertIn(f"installed package {TOOL}", said)
        self.assertIn(f"package:{TOOL}", said)

    def test_5_the_fleet_is_counted_by_version(self):
        self.publish('file "/etc/lab" { content = "y\\n" }\n')
        self.fleet.hosts[1].run(f"apt-get install -qy --allow-downgrades {TOOL}=1.0")
        wait_until(lambda: self.versions(TOOL) == {"web1": "2.0", "web2": "1.0"}, SECONDS, "both versions")
        told = self.fleet.json("packages", "fettle-lab-t*")
        self.assertEqual({(one["version"], one["hosts"]) for one in told["counts"]}, {("1.0", 1), ("2.0", 1)})
        self.assertEqual(self.versions(TOOL, "--where", "web2"), {"web2": "1.0"})

    def test_6_an_agent_that_was_away_misses_nothing_and_repeats_nothing(self):
        host = self.fleet.hosts[0]
        known = len(self.changes("--where", "web1"))
        host.run("systemctl stop fettle-agent")
        host.run(f"apt-get install -qy {OTHER}")
        host.run("systemctl start fettle-agent")
        self.change_of(OTHER, "web1", "2.0")
        self.assertEqual(len(self.changes("--where", "web1")), known + 1)
        host.run("systemctl restart fettle-agent")
        self.fleet.fettle("run", "web1")
        self.publish('file "/etc/lab" { content = "z\\n" }\n')
        self.assertEqual(len(self.changes("--where", "web1")), known + 1)

    def test_7_which_hosts_had_a_file_with_this_content(self):
        host = self.fleet.hosts[1]
        host.write_file("/etc/lab", "theirs\n")
        wait_until(lambda: host.read_file("/etc/lab") == "z\n", SECONDS, "the correction")
        local = tempfile.NamedTemporaryFile("w", encoding="utf-8")
        self.addCleanup(local.close)
        local.write("theirs\n")
        local.flush()
        asked = ("history", "--file", local.name, "--path", "/etc/lab")
        wait_until(lambda: self.fleet.json(*asked).get("spans", []), SECONDS, "the content to be told")
        self.assertEqual({span["host"] for span in self.fleet.json(*asked)["spans"]}, {"web2"})
        self.assertEqual(self.fleet.fettle("history", "--content", "12", check=False).code, 5)
        self.assertEqual(self.fleet.json("history", "--content", "1" * 64).get("spans", []), [])
        self.assertEqual(self.fleet.fettle("history", "--content", "0" * 64, check=False).code, 5)


if __name__ == "__main__":
    unittest.main()
