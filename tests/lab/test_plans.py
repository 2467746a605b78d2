#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kept plans on a really booted host: what a package will bring is foreseen, and the plan alone is carried out."""
import json
import tempfile
import unittest

from aptrepo import AptRepo
from fleet import BIN, GUEST_BIN
from labhost import Lab

UNIT = """[Unit]
Description=Greets
[Service]
ExecStart=/usr/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""
RECIPE = """
local greeter = package "greeter"
file "/etc/greeter.d/extra" { content = "one\\n", mode = "0640", owner = "greeterd", after = greeter }
service "greeter" { running = true, enabled = true, after = greeter }
exec "note" { command = { "/usr/bin/touch", "/srv/noted" }, creates = "/srv/noted" }
"""


class Plans(unittest.TestCase):
    """One host; each test begins where the one before it ended."""

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(hosts=1, title="plans", binds=[f"{BIN}:{GUEST_BIN}"])
        cls.enterClassContext(cls.lab)
        cls.host = cls.lab.hosts[0]
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.repo = AptRepo(folder.name)
        cls.build("1.0")
        cls.write(RECIPE)

    @classmethod
    def build(cls, version):
        cls.repo.build("greeter", version, {"/etc/greeter.d/default": "text\n"}, conffiles=["/etc/greeter.d/default"],
                       units={"greeter.service": UNIT}, depends="adduser",
                       scripts={"postinst": 'WHO="greeterd"\nadduser --system --group --quiet \\\n'
                                            '  --no-create-home "$WHO" || true\n'})
        cls.repo.install_into(cls.host)

    @classmethod
    def write(cls, recipe):
        cls.host.write_file("/srv/tree/fleet.lua", 'include "a"\n')
        cls.host.write_file("/srv/tree/recipes/a/init.lua", recipe)

    def fettle(self, *arguments, code):
        done = self.host.run([f"{GUEST_BIN}/fettle", *arguments], check=False)
        self.assertEqual(done.code, code, f"{arguments}: {done}")
        return done.out

    def plan(self, *more, code=2):
        return json.loads(self.fettle("plan", "/srv/tree", "-o", "json", *more, code=code))["plan"]

    def carry_out(self, plan, code):
        report = json.loads(self.fettle("apply", "--plan", plan["id"][:12], "-o", "json", code=code))
        return {one["id"]: one for one in report["resources"]}

    def operations(self, step):
        return [operation["what"] for operation in step["operations"]]

    def test_01_a_service_of_a_package_to_be_installed_plans_as_start(self):
        plan = self.plan("--download")
        steps = {step["id"].split(":")[0]: step for step in plan["steps"]}
        self.assertEqual(plan["packages"], ["install greeter 1.0"])
        self.assertEqual(steps["package"]["confidence"], "certain")
        self.assertTrue(steps["package"]["opaque"], "its maintainer scripts are")
        self.assertEqual(steps["file"]["confidence"], "low", "its owner was guessed from a script")
        self.assertEqual(steps["service"]["confidence"], "predicted")
        self.assertEqual(self.operations(steps["service"]), ["enable greeter.service", "start greeter.service"])
        self.assertEqual(self.operations(steps["exec"]), ["run /usr/bin/touch /srv/noted"])
        self.assertEqual(plan["opaque"], 2)
        self.assertEqual([step["doubt"] for step in plan["steps"]], [""] * 4)
        self.assertEqual(self.host.run("dpkg -s greeter", check=False).code, 1, "a plan installs nothing")
        self.assertFalse(self.host.exists("/var/lib/fettle/plan-archives"))
        text = self.fettle("plan", "/srv/tree", code=2)
        self.assertIn("opaque: maintainer scripts of greeter (not looked into", text)
        self.assertIn("low confidence", text)

    def test_02_the_plan_is_carried_out_with_its_versions_although_newer_ones_have_come(self):
        plan = self.plan("--download")
        self.build("2.0")
        done = self.carry_out(plan, 2)
        self.assertEqual({one["state"] for one in done.values()}, {"changed"}, done)
        self.assertEqual(self.host.run("dpkg-query -f '${Version}' -W greeter").out, "1.0")
        self.assertEqual(self.host.unit_state("greeter"), "active")
        self.assertEqual(self.host.run("stat -c '%a %U' /etc/greeter.d/extra").out.split(), ["640", "greeterd"])
        self.plan(code=0)

    def test_03_a_resource_whose_world_changed_is_refused_with_its_dependents(self):
        self.write(RECIPE.replace("one", "two").replace('file "/etc', 'local extra = file "/etc')
                   + 'file "/etc/greeter.d/more" { content = "more\\n", requires = extra }\n'
                   + 'file "/etc/greeter.d/apart" { content = "apart\\n" }\n')
        plan = self.plan()
        self.assertEqual(len(plan["steps"]), 3)
        self.host.write_file("/etc/greeter.d/extra", "by hand\n", mode="0640")
        self.host.run("systemctl stop greeter")
        done = self.carry_out(plan, 6)
        self.assertIn("world changed since plan: content of /etc/greeter.d/extra",
                      done["file:/etc/greeter.d/extra"]["error"])
        self.assertEqual(done["file:/etc/greeter.d/more"]["state"], "skipped")
        self.assertEqual(done["file:/etc/greeter.d/apart"]["state"], "changed")
        service = next(one for name, one in done.items() if name.startswith("service:"))
        self.assertIn("not in the plan", service["error"])
        self.assertEqual(self.host.read_file("/etc/greeter.d/extra"), "by hand\n")
        self.assertEqual(self.host.unit_state("greeter"), "inactive")


if __name__ == "__main__":
    unittest.main()
