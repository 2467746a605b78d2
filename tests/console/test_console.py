#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The console in a real browser, with the data of a real server and of agents on really booted hosts: every page in dark
and light, wide and as on a phone, with axe; a drift that happens now; names that look like markup.

FETTLE_BIN is the program; CONSOLE_DIST the built console; CONSOLE_PICTURES where pictures of all pages are kept."""
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from aptrepo import AptRepo  # noqa: E402
from fleet import Fleet  # noqa: E402
from labhost import wait_until  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 30
TOOL = "fettle-lab-tool"
FLEET_LUA = 'include "app"\nhost.enforce = host.labels.role ~= "db"\n'
RECIPE = """
file "/etc/motd" { content = "ours\\n", control = { "CIS-1.7.1", "OWN-1" } }
directory "/srv/app" { mode = "0755" }
file "/srv/app/one" { content = "%s\\n", mode = "0644", control = "CIS-6.1.2" }
directory "/srv/<script>alert(1)<" { mode = "0755" }
file "/srv/<script>alert(1)</script>" { content = "<img src=x onerror=alert(1)>\\n" }
"""
CONTROLS = """
[[control]]
id = "CIS-1.7.1"
title = "A greeting without <img src=x onerror=alert(1)>"
severity = "high"
frameworks = { "PCI-DSS" = ["2.2.4"], "SOC 2" = ["CC6.1"] }
[[control]]
id = "CIS-6.1.2"
title = "Modes are as they should be"
severity = "low"
frameworks = { "SOC 2" = ["CC6.8"] }
"""
WAIVERS = f"""
[[waiver]]
control = "OWN-1"
reason = "<b>the vendor</b> greets"
approver = "ann"
compensating = "ticket 4711"
until = {datetime.date.today() + datetime.timedelta(days=40)}
"""
TREES = [{"fleet.lua": FLEET_LUA, "recipes/app.lua": RECIPE % number, "controls/own.toml": CONTROLS,
          "waivers/own.toml": WAIVERS} for number in ("one", "two")]


class Console(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(hosts=["web1", "db1"], title="console", sweep="1h",
                          labels={"web1": {"role": "web"}, "db1": {"role": "db"}},
                          console=os.environ["CONSOLE_DIST"])
        cls.enterClassContext(cls.fleet)
        cls.web, cls.db = cls.fleet.hosts
        cls.make_packages()
        cls.fleet.publish(TREES[0], message="the first")
        # Only told by name, so that both revisions are there whatever the hosts are at.
        wait_until(lambda: cls.at("r1", "web1"), SECONDS, "the first revision")
        cls.fleet.publish(TREES[1], message="the second")
        wait_until(lambda: cls.at("r2", "web1") and cls.at("r2", "db1"), SECONDS, "the second revision")
        # What only looks is put right by hand, so that the fleet is in order.
        for path, text in (("/etc/motd", "ours\n"), ("/srv/app/one", "two\n"),
                           ("/srv/<script>alert(1)</script>", "<img src=x onerror=alert(1)>\n")):
            cls.db.run(["mkdir", "-p", "/srv/app", "/srv/<script>alert(1)<"])
            cls.db.write_file(path, text)
        cls.fleet.fettle("run", "db1", check=False)
        cls.fleet.wait_converged()
        cls.web.write_file("/srv/app/one", "by somebody\n")
        wait_until(lambda: any(one["id"] == "file:/srv/app/one" and one["host"] == "web1"
                               for one in cls.fleet.drift()), SECONDS, "a corrected drift")

    @classmethod
    def make_packages(cls):
        folder = tempfile.mkdtemp(prefix="fettle-console-")
        cls.addClassCleanup(shutil.rmtree, folder)
        repo = AptRepo(folder)
        for version in ("1.0", "2.0"):
            repo.build(TOOL, version, architecture="all")
        repo.install_into(cls.web)

    @classmethod
    def install(cls, version):
        """As somebody does by hand; waits until the server knows."""
        cls.web.run(f"apt-get install -qy {TOOL}={version}")
        cls.fleet.fettle("run", "web1")
        wait_until(lambda: [one["version"] for one in cls.fleet.json("packages", TOOL).get("packages", [])] == [version],
                   SECONDS, f"the server to know of {TOOL} {version}")

    @classmethod
    def at(cls, revision, name):
        return cls.fleet.states()[name].get("revision") == revision

    def answer(self, what):
        """Does on the hosts what the browser's story asks for."""
        if what.startswith("install "):
            self.install(what.split()[1])
            return
        drifts = what == "drift"
        self.db.write_file("/etc/motd", "by hand\n" if drifts else "ours\n")
        # How soon the agent sees it by itself is for test_watch.py: this is about what the server knows.
        self.fleet.fettle("run", "db1")
        wait_until(lambda: bool(self.fleet.json("drift").get("records")) == drifts, SECONDS, f"the server to know: {what}")

    def test_every_page_shows_what_is_so_in_every_way_that_people_look_at_it(self):
        story = subprocess.Popen(
            ["node", os.path.join(HERE, "visit.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "CONSOLE_URL": f"https://{self.fleet.address}:7443/",
                 "CONSOLE_TOKEN": self.fleet.json("console")["token"]})
        try:
            for line in story.stdout:
                print(line, end="", flush=True)
                if line.startswith("ASK "):
                    self.answer(line[4:].strip())
                    story.stdin.write("done\n")
                    story.stdin.flush()
            self.assertEqual(story.wait(30), 0, "see the lines that begin with FAILED")
        finally:
            story.kill()
            story.wait()
            story.stdin.close()
            story.stdout.close()

    def person(self, name, role, condition=""):
        """Somebody with this role who has logged in, with a token for the console."""
        words = ["--filter", condition] if condition else []
        token = self.fleet.json("enroll", "token", "--user", "--name", name, "--role", role, *words)["token"]
        config = os.path.join(self.fleet.folder, name)
        self.fleet.fettle_as(config, "login", "--server", f"{self.fleet.address}:7441", "--token", token)
        return {"name": name, "role": role, "bounded": bool(condition),
                "token": json.loads(self.fleet.fettle_as(config, "console", "-o", "json").out)["token"]}

    def acts(self, who, act):
        return [one["detail"] for one in
                self.fleet.json("audit", "log", "--who", f"user/{who}", "--act", act).get("leaves", [])]

    def test_people_see_what_their_role_may_and_are_told_what_it_may_not(self):
        bound = "labels.role == web"
        people = [{"name": "admin", "role": "admin", "bounded": False, "token": self.fleet.json("console")["token"]},
                  self.person("vera", "viewer"), self.person("wanda", "viewer", bound),
                  self.person("otto", "auditor"), self.person("olga", "auditor", bound)]
        before = self.fleet.states()
        story = subprocess.run(
            ["node", os.path.join(HERE, "roles.mjs")], stdin=subprocess.DEVNULL, timeout=240,
            env={**os.environ, "CONSOLE_URL": f"https://{self.fleet.address}:7443/", "CONSOLE_PEOPLE": json.dumps(people)})
        self.assertEqual(story.returncode, 0, "see the lines that begin with FAILED")
        for name in ("otto", "olga"):
            self.assertTrue(any(one.startswith("ListHosts") for one in self.acts(name, "query")), name)
            self.assertTrue(any(one.startswith("DriftCounts") for one in self.acts(name, "query")), name)
        for name in ("vera", "wanda"):
            self.assertEqual(self.acts(name, "query"), [], "a viewer's questions are nobody's business")
        for name in ("vera", "wanda", "otto", "olga"):
            self.assertTrue(any(one.startswith("Revoke") for one in self.acts(name, "denied")), name)
        after = self.fleet.states()
        for host, state in before.items():
            for what in ("labels", "assignedRevision", "presence"):
                self.assertEqual(after[host].get(what), state.get(what))


if __name__ == "__main__":
    unittest.main(verbosity=2)
