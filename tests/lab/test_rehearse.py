#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`fettle rehearse` on this machine: what it shows, and that the machine is as it was."""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from aptrepo import build_deb
from fleet import Fleet
from labhost import STATE_FOLDER, fettle_binary, leftovers, wait_until

RECIPE = """
group "rehearsed"
user "rehearsal-eve" { groups = { "rehearsed" } }
directory "/etc/rehearsed" { mode = "0750" }
file "/etc/rehearsed/conf" { content = "one\\n", owner = "rehearsal-eve" }
file "/etc/motd" { content = "rehearsed\\n" }
file "/etc/systemd/system/rehearsed.service" {
  content = "[Service]\\nExecStart=/usr/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n" }
service "rehearsed" { running = true, enabled = true }
package "rehearsed-tool" { file = "TREE/rehearsed-tool_1.0_all.deb" }
"""


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def machine():
    """What a rehearsal could have changed of this machine: files with content, accounts and packages among them;
    mounts that are no other lab's."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        found = {f"mount {line}": line for line in mounts if STATE_FOLDER not in line or "rehearse-p" in line}
    for folder in ("/etc", "/home", "/usr/lib/systemd", "/usr/local", "/var/lib/dpkg", "/var/lib/fettle", "/var/spool"):
        for top, folders, files in os.walk(folder):
            for name in folders + files:
                path = os.path.join(top, name)
                try:
                    stat = os.lstat(path)
                    regular = os.path.isfile(path) and not os.path.islink(path) and stat.st_size < 1 << 20
                    content = digest(path) if regular else ""
                except OSError:
                    continue
                found[path] = (stat.st_ino, stat.st_mode, stat.st_uid, stat.st_gid, stat.st_mtime_ns, content)
    return found


def processes_with(argument):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if argument.encode() in words:
            found.append(int(pid))
    return found


def rehearsals():
    names = os.listdir(STATE_FOLDER) if os.path.isdir(STATE_FOLDER) else []
    return [name for name in names if name.startswith("rehearse-p")]


class Rehearse(unittest.TestCase):
    def setUp(self):
        # Where a clone sees it: its own /tmp begins empty. Apt reads packages as a user of its own.
        self.tree = tempfile.mkdtemp(prefix="fettle-rehearse-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.tree)
        os.chmod(self.tree, 0o755)
        build_deb(self.tree, "rehearsed-tool", "1.0", {"/usr/share/rehearsed-tool/text": "text\n"})
        os.makedirs(f"{self.tree}/recipes/a")
        self.write(RECIPE)
        with open(f"{self.tree}/fleet.lua", "w", encoding="utf-8") as file:
            file.write('include "a"\n')

    def write(self, recipe):
        with open(f"{self.tree}/recipes/a/init.lua", "w", encoding="utf-8") as file:
            file.write(recipe.replace("TREE", self.tree))

    def rehearse(self, *more):
        return subprocess.run([fettle_binary(), "rehearse", self.tree, "-o", "json", *more], capture_output=True,
                              text=True, timeout=300, stdin=subprocess.DEVNULL)

    def test_it_shows_what_changed_and_the_machine_is_as_it_was(self):
        before = machine()
        done = self.rehearse()
        after = machine()
        self.assertEqual({path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}, set())
        self.assertEqual(done.returncode, 2, done.stdout[-3000:] + done.stderr)
        result = json.loads(done.stdout)
        changes = {file["path"]: file["change"] for file in result["files"]}
        for path in ("/etc/rehearsed", "/etc/rehearsed/conf", "/etc/systemd/system/rehearsed.service",
                     "/etc/systemd/system/multi-user.target.wants/rehearsed.service"):
            self.assertEqual(changes.get(path), "added", changes)
        self.assertEqual(changes.get("/etc/passwd"), "changed")
        unexpected = [path for path in changes if not path.startswith(
            ("/etc/rehearsed", "/etc/systemd/system", "/etc/motd", "/etc/passwd", "/etc/group", "/etc/shadow",
             "/etc/gshadow", "/etc/subuid", "/etc/subgid", "/etc/.pwd.lock", "/usr/share/rehearsed-tool", "/home", "/var/mail", "/var/spool/mail"))]
        self.assertEqual(unexpected, [], "no noise of the boot")
        self.assertEqual(changes.get("/usr/share/rehearsed-tool/text"), "added")
        self.assertEqual(result["packages"], ["install rehearsed-tool 1.0"])
        self.assertIn("added rehearsal-eve", result["users"])
        self.assertIn("added rehearsed", result["groups"])
        self.assertIn("started rehearsed.service", result["units"])
        self.assertTrue(result["quiet"])
        self.assertEqual(result["failed_units"], [])
        self.assertEqual(rehearsals(), [])

    def test_what_fails_and_what_is_not_quiet_is_said(self):
        self.write('file "/srv/fought" { content = "a\\n" }\n'
                   'exec "fights" { command = { "/bin/sh", "-c", "echo b > /srv/fought" }, '
                   'check = { "/usr/bin/grep", "-q", "b", "/srv/fought" } }\n'
                   'file "/etc/systemd/system/dies.service" { content = "[Service]\\nExecStart=/bin/false\\n" }\n'
                   'service "dies" { running = true }\n')
        done = self.rehearse()
        self.assertEqual(done.returncode, 6, done.stdout[-3000:] + done.stderr)
        result = json.loads(done.stdout)
        self.assertFalse(result["quiet"])
        self.assertEqual(result["failed_units"], ["dies.service"])

    def test_it_is_cleaned_up_when_it_is_stopped(self):
        argument = f"300.{os.getpid()}"
        self.write(f'exec "slow" {{ command = {{ "/bin/sleep", "{argument}" }}, creates = "/never" }}')
        running = subprocess.Popen([fettle_binary(), "rehearse", self.tree], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        lab = f"rehearse-p{running.pid}"
        wait_until(lambda: processes_with(argument), 60, "the command to run in the clone")
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=120)
        self.assertEqual(running.returncode, 130, said)
        self.assertEqual(leftovers(lab), [])
        self.assertEqual(processes_with(argument), [])

    def test_a_revision_of_the_server_is_rehearsed(self):
        with Fleet(hosts=["web1"], title="rehearse") as fleet:
            tree = {"fleet.lua": 'include "a"\n', "recipes/a/init.lua": 'file "/srv/revised" { source = "text" }\n',
                    "recipes/a/files/text": "of the revision\n"}
            fleet.publish(tree)
            done = fleet.fettle("rehearse", "production", "-o", "json", codes=(2,), timeout=300)
            self.assertEqual(json.loads(done.out)["files"], [{"path": "/srv/revised", "change": "added"}])
            said = fleet.fettle("rehearse", "r99", codes=(1,)).err
            self.assertIn("no such revision", said)
            copy = os.path.join(self.tree, "copy")
            fleet.fettle("show", "r1", "--to", copy)
            for path, content in tree.items():
                with open(os.path.join(copy, path), encoding="utf-8") as file:
                    self.assertEqual(file.read(), content)
            fleet.fettle("show", "r1", "--to", copy, codes=(5,))  # It is not empty.
        self.assertEqual([name for name in os.listdir("/run") if name.startswith("fettle-rehearse")], [])
        self.assertEqual(rehearsals(), [])


if __name__ == "__main__":
    unittest.main()
