#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The story that the evidence is for: on one of three hosts somebody logged in over ssh changes a file by hand. It is
found, named and corrected. A week later, which the server and the command line live through by a shifted clock, an auditor
asks what was, takes the proof home, checks it on a machine that has no way to the server, and finds out who changed the
server's database."""
import datetime
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import unittest

from fleet import BIN, GUEST_BIN, Fleet
from labhost import Result, fettle_binary, wait_until

SECONDS = 30
DAYS = 7
FILE = "/etc/shop.conf"
RESOURCE = f"file:{FILE}"
RECIPE = f"""
group "ops" {{ }}
user "mallory" {{ groups = {{ "ops" }}, shell = "/bin/bash", home = "/home/mallory" }}
file "{FILE}" {{ content = "tls = on\\n", group = "ops", mode = "0664", control = "CIS-5.2.8" }}
"""
CONTROLS = '[[control]]\nid = "CIS-5.2.8"\ntitle = "The shop speaks TLS"\nframeworks = { "PCI-DSS" = ["4.2.1"] }\n'


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class LaterFleet(Fleet):
    """A fleet whose server and command line live some days after their machine."""

    days = 0

    def _later(self):
        return ["faketime", "-f", f"+{self.days}d"] if self.days else []

    def start_server(self):
        log = open(os.path.join(self.folder, "server.log"), "ab")
        self.server = subprocess.Popen([*self._later(), os.path.join(BIN, "fettle-server"), "run", "--config", self.config],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env={**os.environ, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}, start_new_session=True)
        log.close()
        wait_until(lambda: self._listening() or self._server_died(), 20, "the server to listen")

    def stop_server(self, signum=signal.SIGTERM):
        if self.server is not None and self.server.poll() is None:
            os.killpg(self.server.pid, signum)  # Whatever stands between.
            self.server.wait(30)

    def fettle_as(self, config, *arguments, check=True, timeout=60, codes=(0,)):
        done = subprocess.run([*self._later(), fettle_binary(), *arguments], capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, env={**os.environ, "FETTLE_CONFIG": config})
        result = Result(done.returncode, done.stdout, done.stderr)
        if check and result.code not in codes:
            raise AssertionError(f"fettle {' '.join(arguments)}: {result}")
        return result

    def pass_days(self, days):
        self.stop_server()
        self.days += days
        self.start_server()


class Story(unittest.TestCase):
    """Tests go on from each other in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = LaterFleet(hosts=["web1", "web2", "db1"], title="story", sweep="30m")
        cls.enterClassContext(cls.fleet)
        cls.folder = tempfile.mkdtemp(prefix="fettle-story-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.fleet.publish({"fleet.lua": 'include "a"\n', "recipes/a/init.lua": RECIPE, "controls/own.toml": CONTROLS})
        cls.fleet.wait_converged()
        cls.before = now()

    def path(self, name):
        return os.path.join(self.folder, name)

    def log_in_over_ssh(self, host):
        """Runs what is given to its standard input as mallory, in a session over the network."""
        key = self.path("mallory")
        if not os.path.exists(key):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        with open(f"{key}.pub", encoding="utf-8") as file:
            host.write_file("/home/mallory/.ssh/authorized_keys", file.read(), mode="0600")
        host.run("chown -R mallory: /home/mallory && chmod 700 /home/mallory/.ssh && mkdir -p /run/sshd && "
                 "rm -f /run/nologin && systemctl start ssh")
        return ["ssh", "-i", key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=ERROR", f"mallory@{host.address}"]

    def drifts(self, *words):
        return [one for one in self.fleet.json("drift", "--since", stamp(self.before), *words).get("records", [])
                if one["id"] == RESOURCE]

    def test_1_a_change_over_ssh_is_found_named_and_corrected(self):
        host = self.fleet.hosts[0]
        ssh = self.log_in_over_ssh(host)
        subprocess.run([*ssh, f"echo tls = off > {FILE}; sleep 1"], check=True, timeout=60)
        wait_until(lambda: [one for one in self.drifts() if one.get("endedUs")], SECONDS, "the drift to be found and over")
        self.assertEqual(host.read_file(FILE), "tls = on\n")
        (drift,) = self.drifts()
        self.assertEqual(drift["host"], "web1")
        who = drift["actor"]
        self.assertEqual(who["user"], "mallory")
        self.assertEqual(who["sshSource"], self.fleet.address)
        self.assertIn("mallory", self.fleet.fettle("blame", "web1", RESOURCE).out)
        type(self).after = now()

    def test_2_a_week_goes_by(self):
        for host in self.fleet.hosts:
            host.run(["systemctl", "stop", "fettle-agent"])
        for day in range(1, DAYS + 1):
            self.fleet.pass_days(1)
            self.fleet.fettle("label", "db1", f"day={day}")
        labelled = self.fleet.json("audit", "log", "--act", "label")["leaves"]
        days = {int(leaf["timeUs"]) // 86_400_000_000 for leaf in labelled}
        self.assertEqual(len(days), DAYS)

    def test_3_an_auditor_asks_what_was(self):
        auditor = self.path("auditor")
        token = re.search(r"fettle1\.\S+", self.fleet.fettle("enroll", "token", "--user", "--name", "olga", "--role",
                                                              "auditor").out).group(0)
        self.fleet.fettle_as(auditor, "login", "--server", f"{self.fleet.address}:7441", "--token", token)
        ask = lambda *words: self.fleet.fettle_as(auditor, *words).out
        said = ask("drift", "--since", "8d", "web1")
        self.assertIn("mallory", said)
        self.assertIn(self.fleet.address, said)
        self.assertIn("mallory", ask("history", "web1", RESOURCE, "--since", "8d"))
        # Nobody hears of the hosts any more, but then all was well, before and after.
        for moment in (self.before, self.after):
            told = json.loads(ask("compliance", "CIS-5.2.8", "--at", stamp(moment), "-o", "json"))
            self.assertNotIn("NOT_COMPLIANT", json.dumps(told))
            self.assertIn("COMPLIANT", json.dumps(told))
        self.assertIn("silent", ask("hosts"))
        ask("evidence", "export", self.path("bundle"), "--since", "8d")
        with open(self.path("key"), "w", encoding="utf-8") as key:
            key.write(ask("audit", "key").strip())
        ask("audit", "verify")
        asked = [leaf["detail"] for leaf in self.fleet.json("audit", "log", "--who", "user/olga", "--act", "query")["leaves"]]
        self.assertTrue(any(detail.startswith("Export") for detail in asked), asked)

    def test_4_the_proof_holds_on_a_machine_without_the_server(self):
        elsewhere = self.fleet.hosts[2]
        with open(self.path("bundle"), "rb") as file:
            content = bytearray(file.read())
        elsewhere.write_file("/root/bundle", bytes(content))
        with open(self.path("key"), encoding="utf-8") as key:
            words = ["evidence", "verify", "/root/bundle", "--key", key.read(), "--list"]
        elsewhere.cut()
        try:
            self.assertFalse(elsewhere.can_connect(self.fleet.address, 7440))
            said = elsewhere.run([f"{GUEST_BIN}/fettle", *words]).out
            self.assertIn("each signed by its host", said)
            for day in range(1, DAYS + 1):
                self.assertIn(f"day={day}", said)
            content[len(content) // 2] ^= 1
            elsewhere.write_file("/root/bundle", bytes(content))
            changed = elsewhere.run([f"{GUEST_BIN}/fettle", *words], check=False)
            self.assertIn(changed.code, (1, 5), str(changed))
        finally:
            elsewhere.join()

    def test_5_who_changes_the_database_is_caught(self):
        """The culprit's name goes from the batch in which the host told it."""
        self.fleet.stop_server()
        with sqlite3.connect(os.path.join(self.fleet.data, "fettle.db")) as database:
            tables = [name for (name,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'reports_[0-9]*'")]
            changed = 0
            for table in tables:
                for number, data in database.execute(f"SELECT number, CAST(data AS BLOB) FROM {table}").fetchall():
                    if b"mallory" in bytes(data) and self.fleet.address.encode() in bytes(data):
                        database.execute(f"UPDATE {table} SET data = ? WHERE number = ?",
                                         (bytes(data).replace(b"mallory", b"alice__"), number))
                        changed += 1
            self.assertGreater(changed, 0)
            database.commit()
        self.fleet.start_server()
        said = self.fleet.fettle("audit", "verify", check=False)
        self.assertEqual(said.code, 5, str(said))
        self.assertRegex(said.err, "reports of host [a-z0-9]+ are not those of leaf")


if __name__ == "__main__":
    unittest.main(verbosity=2)
