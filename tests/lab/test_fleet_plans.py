#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans of hosts asked for through the server: made and kept by the hosts, shown together, carried out exactly."""
import json
import unittest

from fleet import GUEST_BIN, Fleet
from labhost import wait_until

SECONDS = 30
FIRST = {"fleet.lua": 'include "a"\n', "recipes/a/init.lua": 'file "/etc/lab-a" { content = "one\\n" }\n'}
SECOND = {"fleet.lua": 'include "a"\n',
          "recipes/a/init.lua": 'file "/etc/lab-a" { source = "a" }\nfile "/etc/lab-b" { content = "b\\n" }\n',
          "recipes/a/files/a": "two, which travels as a blob of its own\n"}


class FleetPlans(unittest.TestCase):
    """Three hosts; each test begins where the one before it ended."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(hosts=["web1", "web2", "web3"], title="fleetplans", sweep="30m")
        cls.enterClassContext(cls.fleet)
        cls.web1, cls.web2, cls.web3 = cls.fleet.hosts
        cls.web3.write_file("/etc/lab-b", "b\n")
        cls.fleet.publish(FIRST)
        cls.fleet.wait_converged()
        cls.fleet.publish(SECOND, channel="staging")

    def plan(self, *words, codes=(2,)):
        return json.loads(self.fleet.fettle("run", *words, "--plan", "-o", "json", codes=codes).out)

    def plan_of(self, name, *words):
        return self.plan(name, *words)["groups"][0]["hosts"][0]["plan"]

    def carry_out(self, name, plan, codes):
        done = self.fleet.fettle("run", name, "--apply-plan", plan[:12], "--reason", "as agreed", "-o", "json",
                                 codes=codes)
        return {one["id"]: one for one in json.loads(done.out)["resources"]}

    def refused(self, *words):
        return self.fleet.fettle("run", *words, codes=(5,)).err

    def test_1_hosts_of_which_the_same_would_be_made_are_shown_together(self):
        plans = self.plan("web*", "--revision", "staging")
        self.assertEqual((plans["hosts"], plans["distinct"], plans["failed"]), (3, 2, []))
        self.assertEqual([[one["host"] for one in group["hosts"]] for group in plans["groups"]],
                         [["web1", "web2"], ["web3"]])
        result = plans["groups"][0]["result"]
        self.assertEqual([step["id"] for step in result["plan"]["steps"]], ["file:/etc/lab-a", "file:/etc/lab-b"])
        self.assertEqual(result["revision"], "r2")
        # The host keeps it, and shows the same.
        kept = plans["groups"][0]["hosts"][0]["plan"]
        there = json.loads(self.web1.run([f"{GUEST_BIN}/fettle", "plan", "--show", kept, "-o", "json"]).out)
        self.assertEqual([step["operations"] for step in there["steps"]],
                         [step["operations"] for step in result["plan"]["steps"]])
        # Nothing was changed, and what is enforced is as before.
        self.assertEqual(self.web1.read_file("/etc/lab-a"), "one\n")
        self.assertEqual({host["revision"] for host in self.fleet.states().values()}, {"r1"})
        text = self.fleet.fettle("run", "--plan", "--revision", "r2", codes=(2,)).out
        self.assertIn("3 hosts → 2 distinct plans", text)
        self.assertIn("web1, web2:", text)
        self.assertIn(f"fettle run web1 --apply-plan {kept[:12]}", text)
        self.assertEqual(self.plan("web1", codes=(0,))["groups"][0]["result"]["counts"]["ok"], 1)

    def test_2_a_plan_of_what_the_host_does_not_enforce_is_refused(self):
        plan = self.plan_of("web1", "--revision", "r2")
        self.assertIn("is of r2, and this host enforces r1", self.refused("web1", "--apply-plan", plan))
        self.assertEqual(self.web1.read_file("/etc/lab-a"), "one\n")

    def test_3_a_plan_is_carried_out_exactly_on_a_host_that_is_paused(self):
        self.fleet.fettle("pause", "web1", "--for", "1h", "--reason", "looking first")
        self.fleet.fettle("channel", "set", "production", "r2")
        self.fleet.wait_converged(names=["web2", "web3"], revision="r2")
        wait_until(lambda: "r2" in self.web1.run([f"{GUEST_BIN}/fettle-agent", "status"]).out, SECONDS, "r2 on web1")
        self.assertEqual(self.web1.read_file("/etc/lab-a"), "one\n")
        plan = self.plan_of("web1")
        self.web1.write_file("/etc/lab-b", "by hand\n")
        done = self.carry_out("web1", plan, codes=(6,))
        self.assertEqual(done["file:/etc/lab-a"]["state"], "changed")
        self.assertEqual(done["file:/etc/lab-b"]["state"], "failed")
        self.assertIn("world changed since plan", done["file:/etc/lab-b"]["error"])
        self.assertEqual(self.web1.read_file("/etc/lab-a"), SECOND["recipes/a/files/a"])
        self.assertEqual(self.web1.read_file("/etc/lab-b"), "by hand\n")
        done = self.carry_out("web1", self.plan_of("web1"), codes=(2,))
        self.assertEqual(done["file:/etc/lab-b"]["state"], "changed")
        runs = [one for one in self.fleet.json("runs", "web1")["runs"] if one["reason"].startswith("plan ")]
        self.assertEqual(len(runs), 2)
        self.assertIn("as agreed (user/", runs[0]["reason"])
        self.fleet.fettle("resume", "web1")
        self.fleet.wait_converged(revision="r2")

    def test_4_a_damaged_plan_and_one_that_is_not_there_are_refused(self):
        self.web1.write_file("/etc/lab-a", "off\n")
        self.fleet.fettle("pause", "web1", "--for", "1h", "--reason", "so that it stays off")
        self.web1.write_file("/etc/lab-a", "off again\n")
        plan = self.plan_of("web1")
        self.web1.run(f"echo more >> /var/lib/fettle/plans/{plan}")
        self.assertIn("is damaged or was changed", self.refused("web1", "--apply-plan", plan))
        self.assertIn("there is no plan", self.refused("web1", "--apply-plan", "0123456789ab"))
        self.assertEqual(self.web1.read_file("/etc/lab-a"), "off again\n")
        self.fleet.fettle("resume", "web1")
        self.fleet.wait_converged(revision="r2")

    def test_5_a_host_plans_only_what_those_it_trusts_have_signed(self):
        keys = self.web1.read_file("/etc/fettle/agent/trusted_keys")
        self.web1.write_file("/etc/fettle/agent/trusted_keys", "# nobody\n")
        self.assertIn("r1 is not taken", self.refused("web1", "--plan", "--revision", "r1"))
        self.web1.write_file("/etc/fettle/agent/trusted_keys", keys)
        self.plan("web1", "--revision", "r1")

    def test_6_a_host_that_is_away_is_named_and_the_others_are_planned(self):
        self.web2.run("systemctl stop fettle-agent")
        wait_until(lambda: self.plan("web*", "--revision", "r1", codes=(2, 6))["failed"] ==
                   [{"host": "web2", "error": "it is not connected"}], SECONDS, "web2 to be away")
        self.assertIn("web2: it is not connected", self.refused("web2", "--plan"))
        self.assertIn("web2: it is not connected", self.refused("web2", "--apply-plan", "0123456789ab"))

    def test_7_both_acts_stand_in_the_audit_log(self):
        acts = [(one["who"], one["act"], one["detail"])
                for one in self.fleet.json("audit", "log", "--act", "*plan")["leaves"]]
        self.assertTrue(any(act == "plan" and "3 of 3 hosts, r2" in detail for _, act, detail in acts), acts)
        self.assertTrue(any(act == "apply plan" and "on web1: as agreed" in detail for _, act, detail in acts), acts)
        self.assertTrue(all(who.startswith("user/") for who, _, _ in acts), acts)


if __name__ == "__main__":
    unittest.main()
