#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Notifications from a real server about really booted hosts: to a receiver over HTTPS that fails and comes back, in
Slack's form, and to a real Alertmanager; told once, also across a restart of the server."""
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
import urllib.request

from fleet import HEARTBEAT_SECONDS, Fleet
from labhost import wait_until

SECONDS = 40
TOKEN = "geheim-0815"
RECIPE = """
file "/etc/lab-watched" { content = "ours\\n", enforce = false }
file "/etc/lab-kept" { content = "ours\\n" }
"""
BROKEN = RECIPE + 'exec "lab-broken" { command = "/bin/false", creates = "/etc/lab-never" }\n'


def tree(recipe=RECIPE):
    return {"fleet.lua": 'include "a"\n', "recipes/a/init.lua": recipe}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Receiver:
    """An HTTP(S) server on loopback that keeps what is posted. `answer` is what it answers."""

    def __init__(self, certificate=None):
        self.answer = 200
        self.posts = []  # (path, headers, JSON).
        self._lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver._lock:
                    answer = receiver.answer
                    if answer == 200:
                        receiver.posts.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(answer)
                self.end_headers()
                if answer != 200:  # A receiver that says back what it was told.
                    self.wfile.write(f"no: {self.headers['Authorization']}".encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.maximum_version = ssl.TLSVersion.TLSv1_2  # Older than what the server's own side takes.
            context.load_cert_chain(certificate, certificate.replace(".pem", ".key"))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        with self._lock:
            return list(self.posts)

    def groups(self):
        """All groups of all messages, in the order of their coming."""
        return [group for _, _, message in self.taken() for group in message["groups"]]

    def told(self, status, kind, subject, count=1):
        return [group for group in self.groups() if (group["status"], group["kind"], group["subject"]) ==
                (status, kind, subject) and group["host_count"] == count]


class Notify(unittest.TestCase):
    """Two hosts; each test begins where the one before it ended."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="fettle-notify-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.certificate = cls.make_certificate()
        cls.https = Receiver(cls.certificate)
        cls.slack = Receiver()
        for receiver in (cls.https, cls.slack):
            cls.addClassCleanup(receiver.close)
        cls.alertmanager_port = free_port()
        cls.start_alertmanager()
        cls.fleet = Fleet(hosts=["web1", "web2"], title="notify", sweep="30m")
        cls.enterClassContext(cls.fleet)
        cls.configure()
        for host in cls.fleet.hosts:
            host.write_file("/etc/lab-watched", "ours\n")
        cls.fleet.publish(tree())
        cls.fleet.wait_converged()

    @classmethod
    def make_certificate(cls):
        path = os.path.join(cls.folder, "receiver.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=receiver", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", path.replace(".pem", ".key"), "-out", path], check=True, capture_output=True)
        return path

    @classmethod
    def start_alertmanager(cls):
        config = os.path.join(cls.folder, "alertmanager.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("route: { receiver: none }\nreceivers: [ { name: none } ]\n")
        log = open(os.path.join(cls.folder, "alertmanager.log"), "wb")
        cls.alertmanager = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={cls.folder}/alertmanager",
             f"--web.listen-address=127.0.0.1:{cls.alertmanager_port}", "--cluster.listen-address="],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        cls.addClassCleanup(cls.stop_alertmanager)
        wait_until(lambda: cls.alerts() is not None, SECONDS, "Alertmanager to answer")

    @classmethod
    def stop_alertmanager(cls):
        cls.alertmanager.send_signal(signal.SIGTERM)
        cls.alertmanager.wait(20)

    @classmethod
    def alerts(cls):
        """What Alertmanager holds to be so; None while it does not answer."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{cls.alertmanager_port}/api/v2/alerts", timeout=5) as answer:
                return json.load(answer)
        except OSError:
            return None

    @classmethod
    def active(cls):
        return {(alert["labels"]["alertname"], alert["labels"].get("host", ""), alert["labels"].get("subject", ""))
                for alert in cls.alerts() or []}

    @classmethod
    def configure(cls):
        cls.token_file = os.path.join(cls.folder, "token")
        with open(cls.token_file, "w", encoding="utf-8") as file:
            file.write(TOKEN + "\n")
        os.chmod(cls.token_file, 0o600)
        with open(cls.fleet.config, "a", encoding="utf-8") as file:
            file.write(f"""
[[notify]]
name = "https"
url = "https://127.0.0.1:{cls.https.port}/secret/path"
token_file = "{cls.token_file}"
ca_file = "{cls.certificate}"
wait = "4s"
interval = "1s"
most_wait = "2s"
[[notify]]
name = "untrusting"
url = "https://127.0.0.1:{cls.https.port}/"
wait = "0s"
most_wait = "1s"
[[notify]]
name = "chat"
url = "http://127.0.0.1:{cls.slack.port}/services/T1"
format = "slack"
kinds = ["drift"]
filter = "name == web2"
wait = "1s"
interval = "1s"
[[notify]]
name = "alerts"
url = "http://127.0.0.1:{cls.alertmanager_port}"
format = "alertmanager"
wait = "0s"
interval = "1s"
repeat = "2s"
""")
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY"):
            os.environ.pop(name, None)
        cls.fleet.restart_server()

    def notify(self, *words):
        return self.fleet.server_command("notify", *words, "--config", self.fleet.config, check=False)

    def test_1_a_hook_is_tried_by_hand(self):
        done = self.notify("test", "https")
        self.assertEqual((done.code, done.err), (0, ""), done)
        path, headers, message = self.https.taken()[-1]
        self.assertEqual((path, headers["Authorization"]), ("/secret/path", f"Bearer {TOKEN}"))
        self.assertEqual(message["groups"][0]["kind"], "test")
        self.assertEqual(self.notify("test", "chat").code, 0)
        self.assertEqual(self.notify("test", "alerts").code, 0)
        wait_until(lambda: any(name == "FettleTest" for name, _, _ in self.active()), SECONDS, "the test alert")
        said = self.notify("test", "untrusting")
        self.assertEqual(said.code, 1)
        self.assertIn("its certificate is not trusted", said.err)
        self.assertIn("ca_file", said.err)
        self.assertEqual(self.notify("test", "nobody").code, 1)
        self.assertNotIn("/secret", self.notify("list").out)

    def test_2_the_same_drift_on_two_hosts_is_one_message(self):
        for host in self.fleet.hosts:
            host.write_file("/etc/lab-watched", "theirs\n")
        subject = "file:/etc/lab-watched"
        wait_until(lambda: sum(group["host_count"] for group in self.https.groups() if group["subject"] == subject) == 2,
                   SECONDS, "the drift to be told")
        told = [group for group in self.https.groups() if group["subject"] == subject]
        self.assertEqual(len(told), 1, told)
        self.assertEqual((told[0]["status"], told[0]["kind"], told[0]["hosts"]), ("firing", "drift", ["web1", "web2"]))
        wait_until(lambda: {("FettleDrift", "web1", subject), ("FettleDrift", "web2", subject)} <= self.active(),
                   SECONDS, "the alerts")
        wait_until(lambda: any(subject in post["text"] for _, _, post in self.slack.taken()), SECONDS, "Slack's message")
        text = next(post["text"] for _, _, post in self.slack.taken() if subject in post["text"])
        self.assertIn("web2", text)
        self.assertNotIn("web1", text)

    def test_3_its_end_is_told(self):
        for host in self.fleet.hosts:
            host.write_file("/etc/lab-watched", "ours\n")
        subject = "file:/etc/lab-watched"
        wait_until(lambda: sum(group["host_count"] for group in self.https.groups()
                               if (group["status"], group["subject"]) == ("resolved", subject)) == 2,
                   SECONDS, "the end to be told")
        wait_until(lambda: not any(one[2] == subject for one in self.active()), SECONDS, "the alerts to be over")

    def test_4_drift_that_was_put_right_says_so_and_who(self):
        # It lives long enough to be looked at.
        self.fleet.hosts[0].run("sh -c 'echo theirs > /etc/lab-kept; sleep 1; true'")
        wait_until(lambda: self.https.told("happened", "drift", "file:/etc/lab-kept"), SECONDS, "the drift to be told")
        group = self.https.told("happened", "drift", "file:/etc/lab-kept")[0]
        self.assertIn("put right", group["detail"])
        self.assertIn("echo theirs", group["by"])

    def test_5_a_receiver_that_fails_is_told_when_it_is_back(self):
        self.https.answer = 500
        before = len(self.https.taken())
        self.fleet.publish(tree(BROKEN))
        wait_until(lambda: all(int(host["counts"].get("failed", 0)) for host in self.fleet.states().values()), SECONDS,
                   "the failure on both hosts")
        wait_until(lambda: "answered 500" in self.fleet.server_log(), SECONDS, "a try that fails")
        self.assertEqual(len(self.https.taken()), before)
        self.https.answer = 200
        wait_until(lambda: self.https.told("firing", "failure", "exec:lab-broken", 2), SECONDS, "the failure to be told")
        log = self.fleet.server_log()
        self.assertIn("notify https: told after", log)
        self.assertIn("no: Bearer ***", log)
        self.assertRegex(log, r"notify untrusting: https://127\.0\.0\.1:\d+.*certificate is not trusted")
        for secret in (TOKEN, "/secret/path", "/services/T1"):
            self.assertNotIn(secret, log)

    def test_6_a_restart_tells_nothing_twice(self):
        failure = ("firing", "failure", "exec:lab-broken")
        self.assertEqual(len(self.https.told(*failure, 2)), 1)
        self.fleet.restart_server()
        self.fleet.hosts[1].run("echo theirs > /etc/lab-kept")  # Told after the restart: it looks again.
        wait_until(lambda: [group for group in self.https.told("happened", "drift", "file:/etc/lab-kept")
                            if group["hosts"] == ["web2"]], SECONDS, "a later drift")
        self.assertEqual(len([group for group in self.https.groups()
                              if (group["status"], group["kind"], group["subject"]) == failure]), 1)
        self.assertIn(("FettleFailure", "web1", "exec:lab-broken"), self.active())

    def test_7_a_silent_host_and_its_return(self):
        host = self.fleet.hosts[0]
        host.run("systemctl stop fettle-agent")
        wait_until(lambda: [group for group in self.https.told("firing", "silence", "") if group["hosts"] == ["web1"]],
                   SECONDS + 4 * HEARTBEAT_SECONDS, "the silence to be told")
        wait_until(lambda: ("FettleSilence", "web1", "") in self.active(), SECONDS, "the alert")
        host.run("systemctl start fettle-agent")
        wait_until(lambda: self.https.told("resolved", "silence", ""), SECONDS, "the recovery to be told")
        wait_until(lambda: ("FettleSilence", "web1", "") not in self.active(), SECONDS, "the alert to be over")

    def test_8_it_is_counted(self):
        config = os.path.join(self.fleet.folder, "config")
        context = ssl.create_default_context(cafile=os.path.join(config, "ca.pem"))
        context.load_cert_chain(os.path.join(config, "cert.pem"), os.path.join(config, "key.pem"))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=context))
        with opener.open(f"https://{self.fleet.address}:7443/metrics", timeout=10) as answer:
            text = answer.read().decode()
        sent = re.search(r'fettle_notifications_sent_total\{hook="https",result="ok"\} (\d+)', text)
        self.assertGreater(int(sent.group(1)), 0)
        failed = re.search(r'fettle_notifications_sent_total\{hook="untrusting",result="failed"\} (\d+)', text)
        self.assertGreater(int(failed.group(1)), 0)
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""), checked.stdout)

    def test_9_a_receiver_that_hangs_does_not_hold_up_the_end(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(SECONDS)
            with open(self.fleet.config, "a", encoding="utf-8") as file:
                file.write(f'[[notify]]\nname = "hangs"\nurl = "http://127.0.0.1:{listener.getsockname()[1]}/"\n'
                           'wait = "0s"\ntimeout = "5m"\n')
            self.fleet.restart_server()
            connection, _ = listener.accept()
            with connection:
                self.assertTrue(connection.recv(1))  # It posts, and nobody ever answers.
                self.fleet.hosts[1].run("echo theirs > /etc/lab-kept")
                before = len(self.https.taken())
                wait_until(lambda: len(self.https.taken()) > before, SECONDS, "another receiver to be told meanwhile")
                self.fleet.stop_server()
                self.assertEqual(self.fleet.server.returncode, 0, self.fleet.server_log()[-2000:])


if __name__ == "__main__":
    unittest.main(failfast=True)
