#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The fleet commands of `fettle` against a real `fettle-server` on loopback, as users run both.

FETTLE_BIN and FETTLE_SERVER_BIN are the programs. Ports are free ones of this machine; everything else is in one
temporary folder.
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

FETTLE = os.environ["FETTLE_BIN"]
SERVER = os.environ["FETTLE_SERVER_BIN"]
TREE = {"fleet.lua": 'include "a"\n', "recipes/a/init.lua": 'file "/etc/a" { content = "one\\n" }\n'}


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class CliFleet(unittest.TestCase):
    """One server; each user has a folder of credentials."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="fettle-cli-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.key = cls.make_key("author")
        cls.mtls, cls.enroll = free_ports(2)
        cls.config = os.path.join(cls.folder, "server.toml")
        data = os.path.join(cls.folder, "data")
        made = subprocess.run(
            [SERVER, "init", "--config", cls.config, "--data-dir", data, "--name", "127.0.0.1",
             "--listen", f"127.0.0.1:{cls.mtls}", "--enroll-listen", f"127.0.0.1:{cls.enroll}",
             "--http-listen", "off"],
            capture_output=True, text=True, timeout=60, check=True)
        cls.admin_token = re.search(r"fettle1\.\S+", made.stdout).group(0)
        shutil.copy(f"{cls.key}.pub", os.path.join(data, "trusted_keys"))
        cls.log = os.path.join(cls.folder, "server.log")
        cls.start_server()
        cls.addClassCleanup(cls.stop_server)
        cls.fettle("login", "--server", f"127.0.0.1:{cls.enroll}", "--mtls-port", str(cls.mtls),
                   "--token", cls.admin_token)

    @classmethod
    def make_key(cls, name):
        path = os.path.join(cls.folder, name)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{name}@test", "-f", path], check=True)
        return path

    @classmethod
    def start_server(cls):
        with open(cls.log, "ab") as log:
            cls.server = subprocess.Popen([SERVER, "run", "--config", cls.config], stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log)
        end = time.monotonic() + 30
        while time.monotonic() < end and cls.server.poll() is None:
            try:
                for port in (cls.mtls, cls.enroll):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        with open(cls.log, encoding="utf-8") as log:
            raise AssertionError(f"the server does not listen: {log.read()[-3000:]}")

    @classmethod
    def stop_server(cls):
        if cls.server.poll() is None:
            cls.server.send_signal(signal.SIGTERM)
            try:
                cls.server.wait(20)
            except subprocess.TimeoutExpired:
                cls.server.kill()
                cls.server.wait()

    @classmethod
    def fettle(cls, *arguments, code=0, user="admin"):
        environment = {**os.environ, "FETTLE_CONFIG": os.path.join(cls.folder, user), "HOME": cls.folder}
        done = subprocess.run([FETTLE, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=60, env=environment)
        if done.returncode != code:
            raise AssertionError(f"fettle {arguments} ended with {done.returncode}, not {code}:\n"
                                 f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    def json(self, *arguments):
        return json.loads(self.fettle(*arguments, "-o", "json").stdout)

    def tree(self, **changes):
        folder = tempfile.mkdtemp(prefix="tree-", dir=self.folder)
        changes = {re.sub("/lua$", ".lua", path.replace("__", "/")): content for path, content in changes.items()}
        for path, content in {**TREE, **changes}.items():
            full = os.path.join(folder, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(content)
        return folder

    def publish(self, tree, *more, message="a change", code=0, user="admin"):
        return self.fettle("publish", tree, "-m", message, "--sign-key", self.key, *more, code=code, user=user)

    def newest(self):
        return self.json("revisions", "--most", "1")["revisions"][0]

    def log_in(self, user, *words):
        token = self.fettle("enroll", "token", "--user", "--name", user, *words).stdout.strip()
        self.fettle("login", "--server", f"127.0.0.1:{self.enroll}", "--mtls-port", str(self.mtls), "--token", token,
                    user=user)

    # Login.

    def test_the_key_of_a_login_is_for_its_owner_alone(self):
        folder = os.path.join(self.folder, "admin")
        self.assertEqual(os.stat(os.path.join(folder, "key.pem")).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)

    def test_a_spent_token_is_refused(self):
        said = self.fettle("login", "--server", f"127.0.0.1:{self.enroll}", "--token", self.admin_token, code=5,
                           user="late").stderr
        self.assertIn("fettle login:", said)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "late")))

    def test_a_token_of_another_server_is_refused_before_anything_is_sent(self):
        secret, pin = self.admin_token.rsplit(".", 1)
        other = f"{secret}.{pin[:-1]}{'0' if pin[-1] != '0' else '1'}"
        self.fettle("login", "--server", f"127.0.0.1:{self.enroll}", "--token", other, code=5, user="wrong")

    def test_a_word_that_is_no_token_is_refused(self):
        said = self.fettle("login", "--server", f"127.0.0.1:{self.enroll}", "--token", "letmein", code=5,
                           user="wrong").stderr
        self.assertNotIn("letmein", said)

    def test_who_is_not_logged_in_is_told_how(self):
        self.assertIn("fettle login --server", self.fettle("hosts", code=5, user="nobody").stderr)

    def test_an_unreachable_server_is_named_with_what_to_check(self):
        folder = os.path.join(self.folder, "astray")
        shutil.copytree(os.path.join(self.folder, "admin"), folder)
        port = free_ports(1)[0]
        with open(os.path.join(folder, "server"), "w", encoding="utf-8") as file:
            file.write(f"127.0.0.1:{port}\n")
        said = self.fettle("hosts", code=3, user="astray").stderr
        self.assertIn(f"127.0.0.1:{port}", said)
        self.assertIn("firewalls", said)

    def test_a_revoked_user_is_sent_to_log_in_again(self):
        self.log_in("leaver")
        self.fettle("hosts", user="leaver")
        self.fettle("enroll", "revoke", "--user", "leaver", "--reason", "left")
        self.assertIn("fettle login", self.fettle("hosts", code=5, user="leaver").stderr)

    # Revisions.

    def test_a_signed_tree_becomes_a_revision_that_the_channel_follows(self):
        said = self.publish(self.tree(), "--channel", "first", message="begin\n\nwith more to say").stdout
        revision = self.newest()
        self.assertIn(f"{revision['name']} published", said)
        self.assertIn(f"first → {revision['name']}", said)
        self.assertEqual(revision["message"], "begin\n\nwith more to say")
        self.assertIn("author@test", revision["signedBy"])
        self.assertEqual(revision["channels"], ["first"])
        channels = {one["name"]: one for one in self.json("channel", "list")["channels"]}
        self.assertEqual(channels["first"]["revision"], revision["name"])
        self.assertIn("begin", self.fettle("revisions").stdout)

    def test_the_next_revision_knows_its_parent(self):
        self.publish(self.tree(), "--channel", "line")
        first = self.newest()
        self.publish(self.tree(files__b="x"), "--channel", "line")
        self.assertEqual(self.newest()["parent"], first["id"])

    def test_a_list_that_is_cut_says_so(self):
        self.publish(self.tree(files__c="1"))
        self.publish(self.tree(files__c="2"))
        self.assertIn("newest 1", self.fettle("revisions", "--most", "1", "-o", "json").stderr)
        self.assertNotIn("newest", self.fettle("revisions", "--most", "1000").stderr)
        self.assertIn("1000", self.fettle("revisions", "--most", "1001", code=1).stderr)
        self.assertIn("10000", self.fettle("drift", "--most", "0", code=1).stderr)

    def test_the_commit_of_a_git_work_tree_is_recorded(self):
        tree = self.tree()
        for words in (["init", "-q"], ["add", "."], ["-c", "user.name=A", "-c", "user.email=a@test", "commit", "-qm", "x"]):
            subprocess.run(["git", *words], cwd=tree, check=True, env={**os.environ, "HOME": self.folder})
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tree, check=True, capture_output=True, text=True,
                              env={**os.environ, "HOME": self.folder}).stdout.strip()
        self.publish(tree, message="clean")
        self.assertEqual((self.newest()["gitCommit"], self.newest()["message"]), (head, "clean"))
        with open(os.path.join(tree, "new.txt"), "w", encoding="utf-8") as file:
            file.write("not committed\n")
        self.publish(tree, message="dirty")
        self.assertEqual(self.newest()["message"], "dirty (with uncommitted changes)")

    def test_show_and_diff_read_what_was_published(self):
        self.publish(self.tree(files__gone="old\n", files__same="same\n", files__copy="same\n"), "--channel", "show")
        before = self.newest()["name"]
        after_tree = self.tree(files__same="same\n", files__copy="same\n", files__new="new\n")
        with open(os.path.join(after_tree, "fleet.lua"), "a", encoding="utf-8") as file:
            file.write("-- said twice\n")
        self.publish(after_tree)
        after = self.newest()["name"]
        self.assertEqual(self.fettle("show", before, "files/gone").stdout, "old\n")
        self.assertIn("fleet.lua", self.fettle("show", "show").stdout)
        paths = [one["path"] for one in self.json("show", before)["files"]]
        self.assertEqual(paths, sorted(paths))
        self.assertIn("files/copy", paths)
        diff = self.fettle("diff", before, after).stdout
        self.assertIn("--- a/files/gone\n+++ /dev/null\n", diff)
        self.assertIn("--- /dev/null\n+++ b/files/new\n@@ -0,0 +1 @@\n+new\n", diff)
        self.assertIn("+-- said twice\n", diff)
        self.assertEqual([(one["path"], one["change"]) for one in self.json("diff", before, after)["files"]],
                         [("files/gone", "removed"), ("files/new", "added"), ("fleet.lua", "changed")])
        self.assertEqual(self.fettle("diff", after, after).stdout, "")
        self.assertIn("files/gone", self.fettle("show", before, "files/gnoe", code=5).stderr)

    def test_a_channel_goes_where_it_is_set(self):
        self.publish(self.tree(), "--channel", "moving")
        first = self.newest()["name"]
        self.publish(self.tree(files__x="x"), "--channel", "moving")
        said = self.fettle("channel", "set", "moving", first).stdout
        self.assertIn(f"moving → {first}", said)
        self.fettle("channel", "set", "moving", "r999999", code=5)

    def test_an_unsigned_revision_is_refused(self):
        said = self.fettle("publish", self.tree(), "-m", "x", "--unsigned", code=5).stderr
        self.assertIn("sign", said)

    def test_a_key_that_the_server_does_not_know_is_refused(self):
        count = len(self.json("revisions")["revisions"])
        self.fettle("publish", self.tree(), "-m", "x", "--sign-key", self.make_key("mallory"), code=5)
        self.assertEqual(len(self.json("revisions")["revisions"]), count)

    def test_without_a_key_the_error_says_how_to_make_one(self):
        self.assertIn("ssh-keygen -t ed25519", self.fettle("publish", self.tree(), "-m", "x", code=5).stderr)

    def test_a_tree_that_does_not_lint_is_refused_with_every_problem(self):
        said = self.publish(self.tree(recipes__b__init__lua="file (\n", recipes__c__init__lua="= 1\n"), code=5).stderr
        self.assertIn("recipes/b/init.lua", said)
        self.assertIn("recipes/c/init.lua", said)

    def test_a_tree_with_a_link_is_refused_here(self):
        tree = self.tree()
        os.symlink("/etc/shadow", os.path.join(tree, "files"))
        self.assertIn("files", self.publish(tree, code=5).stderr)

    # Who may what.

    def test_a_viewer_looks_and_does_not_publish(self):
        self.log_in("viewer", "--role", "viewer")
        self.fettle("hosts", user="viewer")
        self.fettle("revisions", user="viewer")
        self.publish(self.tree(), code=5, user="viewer")
        self.fettle("enroll", "token", code=5, user="viewer")

    def test_a_token_is_listed_and_can_be_revoked(self):
        self.publish(self.tree(), "--channel", "staging")
        made = self.json("enroll", "token", "--uses", "3", "--valid", "2h", "--label", "role=web", "--channel", "staging")
        self.assertRegex(made["token"], r"^fettle1\.")
        info = made["info"]
        self.assertEqual((info["usesLeft"], info["labels"]), (3, {"role": "web"}))
        self.fettle("enroll", "revoke", info["id"])
        listed = {one["id"]: one for one in self.json("enroll", "list")["tokens"]}
        self.assertTrue(listed[info["id"]]["revoked"])
        self.assertNotIn(made["token"].split(".")[1], self.fettle("enroll", "list").stdout)

    def test_what_revoke_needs_is_said(self):
        self.assertIn("--host NAME", self.fettle("enroll", "revoke", code=5).stderr)
        self.fettle("enroll", "revoke", "--host", "nobody-of-that-name", code=5)

    # Hosts.

    def test_a_fleet_without_hosts_answers_everywhere(self):
        self.assertEqual(self.json("hosts")["hosts"], [])
        self.assertEqual(self.json("drift", "--since", "2h")["records"], [])
        self.assertEqual(self.json("runs")["runs"], [])
        self.assertEqual(self.json("hosts", "--at", "1h")["hosts"], [])
        self.assertEqual(self.json("drift", "--at", "yesterday")["records"], [])
        self.assertEqual(self.json("history", "labels.role", "==", "web")["spans"], [])
        self.assertIn("as of", self.fettle("runs", "--until", "1h").stderr)
        self.assertIn("no hosts yet", self.fettle("hosts").stderr)
        self.fettle("host", "web1", code=5)
        self.fettle("label", "web1", "role=web", code=5)
        self.fettle("run", "web1", code=5)

    def test_wrong_words_are_named(self):
        for words, what in (
                (("label", "web1", "role"), '"role"'),
                (("drift", "--since", "tomorrow"), "tomorrow"),
                (("hosts", "presense == silent"), 'did you mean "presence"'),
                (("diff-host", "web1"), "--from"),
                (("diff-host", "web1", "web2", "--from", "1h"), "--at"),
                (("hosts", "--at", "9999-01-01"), "future"),
                (("blame", "web1", "file:/etc/a"), "web1"),
                (("enroll", "token", "--valid", "soon"), "soon")):
            self.assertIn(what, self.fettle(*words, code=5).stderr)

    def test_bash_completes_commands_options_and_values(self):
        script = self.fettle("completion", "bash").stdout + """
complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fettle; echo "${COMPREPLY[*]}"; }
complete_words fettle ho
complete_words fettle channel ''
complete_words fettle hosts -o ''
complete_words fettle enroll token --us
"""
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=30)
        self.assertEqual(done.stdout.splitlines(), ["hosts host", "set follow list", "table json", "--uses --user"])

    def test_usage_errors_end_with_1(self):
        self.fettle("hosts", "--no-such-option", code=1)
        self.fettle("publish", self.tree(), code=1)
        self.assertIn('did you mean "hosts"', self.fettle("hotss", code=1).stderr)


if __name__ == "__main__":
    unittest.main()
