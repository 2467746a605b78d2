#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Undo on a host under a live server: the server knows at once, nothing is done again until somebody resumes."""
import json
import unittest

from fleet import GUEST_BIN, Fleet
from labhost import wait_until

RECIPE = """
file "/etc/lab-a" { content = "new\\n" }
file "/etc/lab-made" { content = "made\\n" }
directory "/srv/lab" { mode = "0750" }
link "/etc/lab-link" { target = "lab-a" }
line "lab" { path = "/etc/lab-lines", line = "second" }
user "labuser" { uid = 4712 }
sysctl "net.ipv4.ip_default_ttl" { value = "63" }
file "/etc/lab-same" { content = "same\\n" }
"""
UNDONE = {"file:/etc/lab-a", "file:/etc/lab-made", "directory:/srv/lab", "link:/etc/lab-link", "line:lab",
          "user:labuser", "sysctl:net.ipv4.ip_default_ttl"}
GROUP = """
group "both" { on_failure = "rollback", function()
  file "/etc/lab-grouped" { content = "grouped\\n" }
  exec "breaks" { command = { "/bin/false" }, creates = "/nonexistent/never" }
end }
file "/etc/lab-apart" { content = "apart\\n" }
"""
SECONDS = 20


def tree(recipe):
    return {"fleet.lua": 'include "a"\n', "recipes/a/init.lua": recipe}


class UndoUnderAServer(unittest.TestCase):
    """One host that sweeps so seldom that nothing here waits for it; each test begins where the one before ended."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(hosts=["web1"], title="undofleet", sweep="30m")
        cls.enterClassContext(cls.fleet)
        cls.host = cls.fleet.hosts[0]
        cls.host.write_file("/etc/lab-a", "old\n")
        cls.host.write_file("/etc/lab-lines", "first\n")
        cls.host.write_file("/etc/lab-same", "same\n")
        cls.fleet.publish(tree(RECIPE))
        cls.fleet.wait_converged()

    def states(self):
        return {one["id"]: one["state"] for one in self.fleet.json("host", "web1")["resources"]}

    def runs(self):
        return self.fleet.json("runs", "web1")["runs"]

    def agent(self, word):
        return self.host.run([f"{GUEST_BIN}/fettle-agent", word]).out

    def test_1_the_server_knows_of_an_undo_at_once(self):
        run = next(one["id"] for one in self.runs() if one["reason"] == "push")
        self.host.run([f"{GUEST_BIN}/fettle", "undo", run, "--yes"])
        self.assertEqual(self.host.read_file("/etc/lab-a"), "old\n")
        self.assertFalse(self.host.exists("/etc/lab-made"))
        told = wait_until(lambda: [one for one in self.runs() if one["reason"] == f"undo (run {run})"], SECONDS,
                          "the undo to be among the runs")
        self.assertEqual(len(told), 1)
        self.assertEqual(told[0]["counts"]["reverted"], len(UNDONE))
        self.assertEqual({name for name, state in self.states().items() if state == "STATE_REVERTED"}, UNDONE)
        self.assertEqual([one["name"] for one in self.fleet.json("hosts", "counts.reverted > 0")["hosts"]], ["web1"])

    def test_2_what_was_undone_is_not_done_again_and_drift_is_only_reported(self):
        self.assertIn("held", self.agent("status"))
        self.host.write_file("/etc/lab-same", "by hand\n")
        wait_until(lambda: self.states()["file:/etc/lab-same"] == "STATE_DRIFTED", SECONDS, "the drift to be reported")
        self.fleet.fettle("run", "web1")
        wait_until(lambda: any(one["reason"].startswith("requested") for one in self.runs()), SECONDS, "a whole run")
        self.assertEqual(self.host.read_file("/etc/lab-same"), "by hand\n")
        self.assertEqual(self.host.read_file("/etc/lab-a"), "old\n")
        states = self.states()
        self.assertEqual({name for name, state in states.items() if state == "STATE_REVERTED"}, UNDONE)
        self.assertEqual(states["file:/etc/lab-same"], "STATE_DRIFTED")

    def test_3_it_is_held_across_a_restart_of_the_agent_and_resumed_from_the_server(self):
        self.host.run("systemctl restart fettle-agent")
        wait_until(lambda: ", connected" in self.agent("status"), SECONDS,
                   "the agent to be back")
        self.assertEqual(self.host.read_file("/etc/lab-a"), "old\n")
        self.fleet.fettle("resume", "web1")
        self.fleet.wait_converged(timeout=SECONDS)
        wait_until(lambda: set(self.states().values()) == {"STATE_OK"}, SECONDS, "all to be as declared")
        self.assertEqual(self.host.read_file("/etc/lab-a"), "new\n")
        self.assertEqual(self.host.read_file("/etc/lab-same"), "same\n")
        self.assertNotIn("held", self.agent("status"))

    def test_4_what_was_undone_while_no_agent_ran_is_told_when_it_starts(self):
        self.host.run("systemctl stop fettle-agent")
        done = self.host.run([f"{GUEST_BIN}/fettle", "undo", "last", "--yes", "-o", "json"])
        again = {one["id"] for one in json.loads(done.out)["resources"]}
        self.assertTrue(again)
        before = len([one for one in self.runs() if one["reason"].startswith("undo")])
        self.host.run("systemctl start fettle-agent")
        wait_until(lambda: len([one for one in self.runs() if one["reason"].startswith("undo")]) == before + 1,
                   SECONDS, "the undo to be told")
        wait_until(lambda: {name for name, state in self.states().items() if state == "STATE_REVERTED"} == again,
                   SECONDS, "the states to be those of the host")

    def test_5_a_group_that_is_put_back_is_reverted_on_the_server(self):
        self.fleet.publish(tree(GROUP))
        wait_until(lambda: self.states() == {"file:/etc/lab-grouped": "STATE_REVERTED", "exec:breaks": "STATE_FAILED",
                                             "file:/etc/lab-apart": "STATE_OK"}, SECONDS, "the states of the group")
        self.assertFalse(self.host.exists("/etc/lab-grouped"))
        self.assertEqual(self.host.read_file("/etc/lab-apart"), "apart\n")
        # Looked at again, it is tried again as a whole, and put back again.
        self.fleet.fettle("run", "web1")
        wait_until(lambda: self.runs()[0]["reason"].startswith("requested"), SECONDS, "another run")
        self.assertEqual(self.states()["file:/etc/lab-grouped"], "STATE_REVERTED")
        self.assertFalse(self.host.exists("/etc/lab-grouped"))
        self.assertLess(len(self.runs()), 30, "what is put back is no drift that calls for the next run")


if __name__ == "__main__":
    unittest.main()
