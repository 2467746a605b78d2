#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An auditor and a really booted host: who did what is in the log, a bundle holds on a machine without the server, and
whoever changes the database, or writes the log anew with the server's own key, is caught."""
import datetime
import http.server
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import unittest

from fleet import Fleet
from labhost import REPOSITORY, fettle_binary, wait_until

SECONDS = 30
GUIDE = os.path.join(REPOSITORY, "docs", "auditors.md")
RECIPE = 'file "/etc/lab-motd" { content = "hello\\n", control = "CIS-5.2.8" }\n'
CONTROLS = '[[control]]\nid = "CIS-5.2.8"\ntitle = "Everybody is greeted"\nframeworks = { "PCI-DSS" = ["2.2.4"] }\n'


class Witness:
    """Serves a head at /head, on loopback."""

    def __init__(self, note):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == "/head" else 404)
                self.end_headers()
                self.wfile.write(note.encode() if self.path == "/head" else b"")

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/head"
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Evidence(unittest.TestCase):
    """One host, one server; tests go on from each other in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(hosts=["web1"], title="evidence", sweep="30m")
        cls.enterClassContext(cls.fleet)
        cls.fleet.publish({"fleet.lua": 'include "a"\n', "recipes/a/init.lua": RECIPE,
                           "controls/own.toml": CONTROLS})
        cls.fleet.wait_converged()
        cls.converged = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        cls.folder = tempfile.mkdtemp(prefix="fettle-evidence-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def refused(self, *words):
        result = self.fleet.fettle(*words, check=False)
        self.assertEqual(result.code, 5, str(result))
        return result.err

    def acts(self, *words):
        return self.fleet.json("audit", "log", *words)["leaves"]

    def verify_without_server(self, name, *words):
        """In a folder of its own: no credentials, no server's address."""
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder}
        return subprocess.run([fettle_binary(), "evidence", "verify", self.path(name), *words],
                              env=environment, capture_output=True, text=True, timeout=60, check=False)

    def database(self):
        return os.path.join(self.fleet.data, "fettle.db")

    def tamper(self, sql, *values):
        self.fleet.stop_server()
        with sqlite3.connect(self.database()) as database:
            database.execute(sql, values)
            database.commit()
        self.fleet.start_server()

    def test_1_who_did_what_is_in_the_log(self):
        acts = {(one["act"], one["who"].split("/")[0]) for one in self.acts()}
        self.assertIn(("publish", "user"), acts)
        self.assertIn("enrol", {act for act, _ in acts})
        before = len(self.acts("--reports", "--who", "host/web1"))
        self.fleet.hosts[0].write_file("/etc/lab-motd", "by hand\n")
        wait_until(lambda: len(self.acts("--reports", "--who", "host/web1")) > before, SECONDS, "a leaf for the drift")

    def test_1_reports_are_signed_by_the_host(self):
        self.assertRegex(self.fleet.fettle("host", "web1").out, "signs with +SHA256:")
        key = self.fleet.json("host", "web1")["host"]["reportKey"]
        self.assertIn(key, self.fleet.hosts[0].run("journalctl -u fettle-agent -o cat").out)
        self.assertIn(key, [act["detail"] for act in self.acts("--act", "report key")][0])

    def test_1_an_auditor_sees_some_hosts_alone_and_is_written_down(self):
        auditor = self.path("auditor")
        token = re.search(r"fettle1\.\S+", self.fleet.fettle("enroll", "token", "--user", "--name", "otto", "--role", "auditor",
                                                              "--filter", "name == other").out).group(0)
        self.fleet.fettle_as(auditor, "login", "--server", f"{self.fleet.address}:7441", "--token", token)
        self.assertNotIn("web1", self.fleet.fettle_as(auditor, "hosts").out)
        self.assertIn("may see", self.fleet.fettle_as(auditor, "host", "web1", check=False).err)
        self.assertNotIn("web1", self.fleet.fettle_as(auditor, "compliance").out)
        self.assertIn("of all", self.fleet.fettle_as(auditor, "evidence", "export", self.path("none"), check=False).err)
        refused = self.fleet.fettle_as(auditor, "evidence", "export", self.path("none"), "--host", "web1", check=False)
        self.assertIn("among those that you may see", refused.err)
        self.assertFalse(os.path.exists(self.path("none")))
        asked = [act["detail"] for act in self.acts("--act", "query", "--who", "user/otto")]
        self.assertIn('GetHost {"name":"web1"}', asked)
        self.assertTrue(any(one.startswith("Assess") for one in asked), asked)

    def test_1_an_auditor_of_some_hosts_takes_their_proof_home(self):
        auditor = self.path("auditor-of-web")
        token = re.search(r"fettle1\.\S+", self.fleet.fettle("enroll", "token", "--user", "--name", "wanda", "--role",
                                                              "auditor", "--filter", "name == web1").out).group(0)
        self.fleet.fettle_as(auditor, "login", "--server", f"{self.fleet.address}:7441", "--token", token)
        self.fleet.fettle_as(auditor, "evidence", "export", self.path("web1"), "--host", "web1")
        key = self.fleet.fettle("audit", "key").out.strip()
        good = self.verify_without_server("web1", "--key", key, "--list")
        self.assertEqual(good.returncode, 0, good.stderr)
        self.assertIn("host/web1", good.stdout)
        self.assertNotIn("publish", good.stdout)
        exported = self.acts("--act", "evidence export", "--who", "user/wanda")
        self.assertIn("web1, from the beginning to the head", [act["detail"] for act in exported])

    def test_2_every_question_of_the_auditors_guide_is_answered_to_an_auditor(self):
        viewer = self.path("viewer")
        token = re.search(r"fettle1\.\S+", self.fleet.fettle("enroll", "token", "--user", "--name", "vera", "--role",
                                                              "auditor").out).group(0)
        self.fleet.fettle_as(viewer, "login", "--server", f"{self.fleet.address}:7441", "--token", token)
        self.fleet.fettle_as(viewer, "audit", "key")
        with open(GUIDE, encoding="utf-8") as file:
            rows = [line for line in file if re.match(r"\| \d+ \|", line)]
        self.assertEqual(len(rows), 20)
        with open(self.path("older"), "w", encoding="utf-8") as head:
            head.write(self.fleet.fettle_as(viewer, "audit", "head").out)
        key = self.fleet.fettle("audit", "key").out.strip()
        values = {"web2": "web1", "r41": "r1", "r42": "r1", "REVISION": "r1", "2026-03-01": self.converged, "2026-04-01": "now",
                  "2026-03-01 02:00": "now", "T": self.converged, "FILE": self.path("guide"), "KEY": key,
                  "file:/etc/motd": "file:/etc/lab-motd"}
        for row in rows:
            for command in re.findall(r"`fettle ([^`]*)`", row):
                words = [values.get(word, word) for word in shlex.split(command)]
                if words[0] == "diff-host" and words.count(self.converged) == 2:
                    words[words.index("--to") + 1] = "now"
                if words == ["show", "r1"] or words[0] != "show":
                    with self.subTest(command=command):
                        self.fleet.fettle_as(viewer, *words)

    def test_2_the_log_holds_and_goes_on_from_the_head_that_was_kept(self):
        with open(self.path("head"), "w", encoding="utf-8") as head:
            head.write(self.fleet.fettle("audit", "head").out)
        said = self.fleet.fettle("audit", "verify").out
        self.assertIn("no older head", said)
        self.assertIn("each signed by its host", said)
        self.assertNotIn("server's word", said)
        self.fleet.fettle("label", "web1", "role=web")
        self.assertIn("is the beginning of this one", self.fleet.fettle("audit", "verify").out)
        self.fleet.fettle("audit", "verify", "--head", self.path("head"))
        self.fleet.fettle("audit", "verify", "--since", "1s")

    def test_2_then_the_log_goes_on_from_the_head_of_a_witness(self):
        with open(self.path("head"), encoding="utf-8") as head:
            note = head.read()
        with Witness(note) as witness:
            self.assertIn(f"from {witness.url}) is the beginning of this one",
                          self.fleet.fettle("audit", "verify", "--witness", witness.url).out)
            missing = self.fleet.fettle("audit", "verify", "--witness", witness.url + "/nothing", check=False)
            self.assertIn("answered with 404", missing.err)
            self.assertNotEqual(missing.code, 0)
        gone = self.fleet.fettle("audit", "verify", "--witness", witness.url, check=False)
        self.assertIn("the witness gave no head", gone.err)
        self.assertNotEqual(gone.code, 0)
        with Witness(note.replace("\n", "\n1", 1)) as forged:
            self.assertIn("older head", self.refused("audit", "verify", "--witness", forged.url))

    def test_3_a_bundle_holds_without_the_server_and_no_byte_of_it_can_be_changed(self):
        self.fleet.fettle("evidence", "export", self.path("bundle"))
        key = self.fleet.fettle("audit", "key").out.strip()
        good = self.verify_without_server("bundle", "--key", key, "--list")
        self.assertEqual(good.returncode, 0, good.stderr)
        self.assertIn("publish", good.stdout)
        with open(self.path("bundle"), "rb") as file:
            content = file.read()
        for at in range(0, len(content), max(1, len(content) // 25)):
            changed = bytearray(content)
            changed[at] ^= 1
            with open(self.path("changed"), "wb") as file:
                file.write(changed)
            bad = self.verify_without_server("changed", "--key", key)
            self.assertEqual(bad.returncode in (1, 5), True, f"byte {at}: {bad.stdout}")

    def test_4_a_database_that_was_changed_is_caught(self):
        self.tamper("UPDATE acts SET leaf = replace(leaf, 'publish', 'perhaps') WHERE act = 'publish'")
        self.assertIn("leaves are not those", self.refused("audit", "verify"))
        self.tamper("UPDATE acts SET leaf = replace(leaf, 'perhaps', 'publish') WHERE act = 'publish'")
        self.fleet.fettle("audit", "verify")

    def test_5_a_log_written_anew_by_who_has_the_key_is_caught(self):
        with open(self.path("head"), encoding="utf-8") as head:
            witness = self.enterContext(Witness(head.read()))
        self.tamper_with_all()
        kept = os.path.join(self.fleet.folder, "config", "evidence-head")
        with open(kept, encoding="utf-8") as file:
            before = file.read()
        os.remove(kept)
        said = self.refused("audit", "verify", "--witness", witness.url)
        self.assertRegex(said, "leaves were removed|was rewritten")
        with open(kept, "w", encoding="utf-8") as file:
            file.write(before)
        said = self.refused("audit", "verify")
        self.assertRegex(said, "leaves were removed|was rewritten")

    def tamper_with_all(self):
        """The whole log goes, and the server begins it anew, with its own key."""
        self.fleet.stop_server()
        with sqlite3.connect(self.database()) as database:
            database.execute("UPDATE log SET size = 0, edge = x'', newest = 0")
            for table in ["acts", "log_tiles", "heads"]:
                database.execute(f"DELETE FROM {table}")
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB "
                                             "'reports_[0-9]*'").fetchall():
                database.execute(f"DELETE FROM {table}")
            database.commit()
        self.fleet.start_server()


if __name__ == "__main__":
    unittest.main(verbosity=2)
