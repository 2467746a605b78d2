#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Undo on a really booted host: packages, services, users and files come back, also when undo is killed."""
import json
import os
import random
import tempfile
import unittest

from aptrepo import AptRepo
from labhost import Lab, fettle_binary

BIN = os.path.dirname(fettle_binary())
GUEST = "/opt/fettle/bin"
UNIT = """[Unit]
Description=Sleeps
[Service]
ExecStart=/usr/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""
TREE = """
package "napper" { version = "2.0" }
package "helper-tool"
group "nappers" { gid = 4711 }
user "nap" { uid = 4712, groups = { "nappers" }, shell = "/bin/sh" }
user "former" { absent = true }
directory "/srv/nap" { mode = "0750" }
file "/srv/nap/secret" { content = "new\\n", mode = "0600", owner = "nap" }
file "/etc/kept.conf" { content = "new\\n" }
file "/etc/gone.conf" { absent = true }
link "/etc/napper.link" { target = "kept.conf" }
line "limits" { path = "/etc/security/limits.conf", line = "* hard core 0" }
sysctl "net.ipv4.ip_default_ttl" { value = "63" }
cron "nap" { minute = "5", command = "true" }
service "napper" { running = true, enabled = true, restart_on = "file:/etc/kept.conf" }
service "cron" { running = false, enabled = false }
"""
# So many, and more when they are asked for: FETTLE_KILLS=200 tests/lab/test_undo.py.
KILLS = int(os.environ.get("FETTLE_KILLS", "40"))
FILES = "\n".join(f'file "/srv/many/f{i}" {{ content = string.rep("new {i}\\n", 200) }}' for i in range(40))
# Everything that a run may change, in words.
LOOK = """
dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\\n' napper helper-tool 2>/dev/null | grep ' ii' || true
getent passwd nap former; getent group nappers former nap; getent shadow nap former
find /etc/kept.conf /etc/gone.conf /etc/napper.link /srv /etc/sysctl.d /etc/cron.d /home/former -printf '%p %y %m %U %G %l\\n' 2>/dev/null | sort
cat /etc/kept.conf /etc/gone.conf /etc/security/limits.conf 2>/dev/null
sysctl -n net.ipv4.ip_default_ttl
for u in napper cron; do systemctl is-active $u; systemctl is-enabled $u; done 2>/dev/null
true
"""


class Undo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(hosts=["box"], title="undo", binds=[f"{BIN}:{GUEST}"])
        cls.enterClassContext(cls.lab)
        cls.box = cls.lab.hosts[0]
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        repo = AptRepo(folder.name)
        for version in ("1.0", "2.0"):
            repo.build("napper", version, {"/usr/share/napper": f"{version}\n"}, units={"napper.service": UNIT})
        repo.build("helper-tool", "1.0", {"/usr/bin/helper-tool": ("#!/bin/sh\n", 0o755)}, depends="helper-lib")
        repo.build("helper-lib", "1.0", {"/usr/share/helper-lib": "lib\n"})
        repo.index()
        repo.install_into(cls.box)
        cls.box.run("apt-get install -y napper=1.0 cron && systemctl disable --now napper && systemctl enable --now cron")
        cls.box.run("useradd -m -u 4800 -s /bin/bash -c 'Was here' former && echo former:secret | chpasswd")
        cls.box.run("mkdir -p /srv/many && for i in $(seq 0 39); do echo old $i > /srv/many/f$i; done")
        cls.box.write_file("/etc/kept.conf", "old\n", mode="0640")
        cls.box.write_file("/etc/gone.conf", "gone\n", mode="0604")

    def apply(self, text):
        self.box.write_file("/root/tree/fleet.lua", text)
        done = self.box.run(f"{GUEST}/fettle apply /root/tree -o json", check=False)
        report = json.loads(done.out)
        self.assertEqual(report["error"], "", done)
        return report

    def undo(self, *words, codes=(0,)):
        done = self.box.run([f"{GUEST}/fettle", "undo", *words], check=False)
        self.assertIn(done.code, codes, done)
        return done

    def look(self):
        return self.box.run(LOOK).out

    def test_1_all_that_a_run_changed_comes_back(self):
        before = self.look()
        report = self.apply(TREE)
        self.assertEqual(report["counts"]["failed"], 0, report)
        self.assertNotEqual(self.look(), before)
        self.assertIn(report["id"], self.undo("--list").out)
        plan = json.loads(self.undo("last", "--dry-run", "-o", "json").out)
        self.assertEqual(plan["covered"], plan["total"], plan["coverage"])
        undone = json.loads(self.undo(report["id"], "--yes", "-o", "json").out)
        self.assertEqual({one["state"] for one in undone["resources"]}, {"reverted"})
        self.assertEqual(self.look(), before)
        self.assertEqual(self.box.run("dpkg --audit").out, "")
        self.assertNotIn("ii", self.box.run("dpkg-query -W -f '${db:Status-Abbrev}' helper-lib", check=False).out,
                         "what was installed along with it goes as well")

    def test_2_what_changed_meanwhile_is_left_alone_and_commands_are_named(self):
        report = self.apply('file "/etc/kept.conf" { content = "mine\\n" }\nfile "/etc/second.conf" { content = "x\\n" }\n'
                            'exec "makes" { command = { "touch", "/run/made" }, creates = "/run/made" }\n')
        self.assertEqual(report["counts"]["failed"], 0, report)
        self.box.write_file("/etc/kept.conf", "by hand\n")
        said = self.undo(report["id"], "--yes", codes=(4,)).out
        self.assertIn("undo covers 1 of 3 changes", said)
        self.assertIn("exec:makes", said)
        self.assertEqual(self.box.read_file("/etc/kept.conf"), "by hand\n")
        self.assertFalse(self.box.exists("/etc/second.conf"))

    def test_3_a_group_is_put_back_when_a_part_fails(self):
        report = self.apply('group "both" { on_failure = "rollback", function()\n'
                            '  file "/etc/kept.conf" { content = "grouped\\n" }\n'
                            '  package "helper-tool"\n'
                            '  exec "breaks" { command = { "/bin/false" }, creates = "/nonexistent/never" }\nend }\n')
        states = {one["id"]: one["state"] for one in report["resources"]}
        self.assertEqual(states, {"file:/etc/kept.conf": "reverted", "package:helper-tool": "reverted",
                                  "exec:breaks": "failed"})
        self.assertEqual(self.box.read_file("/etc/kept.conf"), "by hand\n")
        self.assertFalse(self.box.exists("/usr/bin/helper-tool"))

    def test_4_undo_can_be_killed_at_any_moment_and_run_again(self):
        seed = int(os.environ.get("FETTLE_SEED", random.SystemRandom().randrange(1 << 30)))
        dice = random.Random(seed)
        text = FILES + '\ngroup "nappers"\nuser "nap" { groups = { "nappers" } }\nservice "napper" { running = true }\n'
        before = self.look() + self.box.run("cat /srv/many/*").out
        kills = struck = 0
        while kills < KILLS:
            report = self.apply(text)
            self.assertEqual(report["counts"]["failed"], 0, f"seed {seed}: {report}")
            for _ in range(4):
                # A kill that comes late finds nothing to kill.
                killed = self.box.run(f"{GUEST}/fettle undo {report['id']} --yes >/dev/null 2>&1 & p=$!; "
                                      f"sleep {dice.uniform(0, 0.25):.3f}; kill -9 $p && echo struck; wait $p; true").out
                kills += 1
                struck += "struck" in killed
                torn = self.box.run("cd /srv/many && for f in f*; do sort -u $f | wc -l; done | sort -u").out.split()
                self.assertEqual(torn, ["1"], f"seed {seed}: a torn file")
            self.undo(report["id"], "--yes")
            self.assertEqual(self.look() + self.box.run("cat /srv/many/*").out, before, f"seed {seed}")
            self.assertEqual(self.box.run("find /srv /etc -name '.*fettle*'").out, "")
        print(f"seed {seed}: {kills} kills, {struck} of a running undo")
        self.assertGreater(struck, 0)


if __name__ == "__main__":
    unittest.main()
