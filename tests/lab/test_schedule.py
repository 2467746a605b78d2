#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Schedules on a really booted host: outside of its window a resource is only looked at; when the window begins the agent
brings it about by itself. The test does not wait for a time of day: it gives the host a time zone in which it is that time."""
import time
import unittest

from fleet import Fleet
from labhost import wait_until

SECONDS = 30
TREE = {"fleet.lua": 'include "a"\n', "recipes/a/init.lua": """
file "/etc/lab-always" { content = "always\\n" }
file "/etc/lab-nightly" { content = "nightly\\n", schedule = "02:00-05:00" }
"""}


class Schedule(unittest.TestCase):
    """One host that sweeps so seldom that nothing here waits for it."""

    def setUp(self):
        self.fleet = self.enterContext(Fleet(hosts=["web1"], title="schedule", sweep="6h"))
        self.host = self.fleet.hosts[0]
        self.zones = 0

    def make_it(self, hour, minute, second=0):
        """Moves the host to a place where it is that time now."""
        self.zones += 1
        name = f"Lab{self.zones}"
        now = time.gmtime()
        offset = (hour * 3600 + minute * 60 + second) - (now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec)
        offset = (offset + 43200) % 86400 - 43200
        sign, rest = ("-" if offset < 0 else ""), abs(offset)
        text = f"{sign}{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
        self.host.write_file("/root/zone", f"Zone {name} {text} - LAB\n")
        self.host.run(f"zic -d /usr/share/zoneinfo /root/zone && ln -sfn /usr/share/zoneinfo/{name} /etc/localtime")

    def nightly(self):
        """As the server knows it: (state, error)."""
        for one in self.fleet.json("host", "web1")["resources"]:
            if one["id"] == "file:/etc/lab-nightly":
                return one["state"], one.get("error", "")
        return "", ""

    def left_alone(self):
        state, error = self.nightly()
        return state == "STATE_DRIFTED" and "left alone until its schedule: 02:00-05:00" in error

    def test_outside_of_its_window_it_waits_and_the_agent_looks_when_the_window_begins(self):
        self.make_it(1, 0)
        self.fleet.publish(TREE)
        wait_until(lambda: self.host.exists("/etc/lab-always"), SECONDS, "what has no schedule")
        wait_until(self.left_alone, SECONDS, "the server to know that it waits")
        self.assertFalse(self.host.exists("/etc/lab-nightly"))

        self.make_it(1, 59, 50)
        self.fleet.fettle("run", "web1")  # It is still too early; the agent sees where it is now.
        wait_until(lambda: self.host.exists("/etc/lab-nightly"), SECONDS + 10, "the window to begin")
        wait_until(lambda: self.nightly()[0] == "STATE_OK", SECONDS, "the server to know")

        self.make_it(6, 0)
        self.host.write_file("/etc/lab-nightly", "by hand\n")
        wait_until(self.left_alone, SECONDS, "the drift to be seen")
        self.assertEqual(self.host.read_file("/etc/lab-nightly"), "by hand\n")


if __name__ == "__main__":
    unittest.main()
