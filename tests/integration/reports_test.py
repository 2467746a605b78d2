#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reports of a real server by mail, to an SMTP server of the test's own (STARTTLS and SMTPS, with a log-in), and by webhook; when
they are due, once, also over a restart.

FETTLE_BIN and FETTLE_SERVER_BIN are the programs.
"""
import base64
import email
import email.policy
import http.server
import json
import os
import socketserver
import ssl
import threading
import unittest

from live_server import Certificates, LiveServer, wait_until

USER, PASSWORD = "fettle", "geheim-0815"


class Smtp:
    """As much of RFC 5321 as a client needs. `tls`: "start", "from the start" or ""."""

    def __init__(self, context, tls):
        self.mails = []     # (from, [to], message).
        self.logins = []    # What PLAIN said.
        self.in_plain = []  # Commands but EHLO, STARTTLS and QUIT that came unencrypted.
        smtp = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.encrypted = False
                if tls == "from the start":
                    self.encrypt()
                self.say("220 test ESMTP")
                self.sender, self.recipients = "", []
                while True:
                    line = self.file.readline().decode().rstrip("\r\n")
                    if not line or not self.answer(line):
                        return

            def setup(self):
                self.file = self.request.makefile("rb")

            def encrypt(self):
                self.request = context.wrap_socket(self.request, server_side=True)
                self.file = self.request.makefile("rb")
                self.encrypted = True

            def say(self, text):
                self.request.sendall(text.encode() + b"\r\n")

            def answer(self, line):
                verb = line.split()[0].upper()
                if tls and not self.encrypted and verb not in ("EHLO", "STARTTLS", "QUIT"):
                    smtp.in_plain.append(line)
                if verb == "EHLO":
                    self.say("250-test")
                    if tls == "start" and not self.encrypted:
                        self.say("250-STARTTLS")
                    self.say("250 AUTH PLAIN")
                elif verb == "STARTTLS":
                    self.say("220 go on")
                    self.encrypt()
                elif verb == "AUTH":
                    words = line.split()
                    if len(words) < 3:
                        self.say("334 ")
                        words.append(self.file.readline().decode().strip())
                    said = base64.b64decode(words[2]).decode()
                    smtp.logins.append(said)
                    self.say("235 ok" if said == f"\0{USER}\0{PASSWORD}" else "535 no")
                elif verb == "MAIL":
                    self.sender = line.split("<")[1].split(">")[0]
                    self.say("250 ok")
                elif verb == "RCPT":
                    self.recipients.append(line.split("<")[1].split(">")[0])
                    self.say("250 ok")
                elif verb == "DATA":
                    self.say("354 go on")
                    lines = []
                    while (one := self.file.readline()) != b".\r\n":
                        lines.append(one[1:] if one.startswith(b"..") else one)
                    smtp.mails.append((self.sender, self.recipients,
                                       email.message_from_bytes(b"".join(lines), policy=email.policy.default)))
                    self.say("250 taken")
                elif verb == "QUIT":
                    self.say("221 bye")
                    return False
                else:
                    self.say("502 what?")
                return True

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # A client that does not like the certificate.

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Hook:
    """Keeps what is posted."""

    def __init__(self):
        self.posts = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                hook.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Reports(unittest.TestCase):
    def setUp(self):
        self.server = LiveServer()
        self.addCleanup(self.server.close)
        self.certificates = Certificates(self.server.folder)
        self.password = os.path.join(self.server.folder, "password")
        self.write_password(PASSWORD)

    def write_password(self, text):
        with open(self.password, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.chmod(self.password, 0o600)

    def smtp(self, tls):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificates.issue("mail"))
        smtp = Smtp(context, tls)
        self.addCleanup(smtp.close)
        return smtp

    def report(self, *settings):
        self.server.configure('\n[[report]]\nname = "daily"\nkind = "drift"\n' + "\n".join(settings) + "\n")

    def mail(self, url, *more):
        self.report(f'smtp = "{url}"', f'user = "{USER}"', f'password_file = "{self.password}"',
                    'from = "fettle@example.org"', 'to = ["ann@example.org", "bob@example.org"]', *more)

    def check_mail(self, smtp):
        (sender, recipients, message), = smtp.mails
        self.assertEqual(sender, "fettle@example.org")
        self.assertEqual(recipients, ["ann@example.org", "bob@example.org"])
        self.assertEqual(smtp.in_plain, [])
        self.assertEqual(message["Subject"], "Fettle 127.0.0.1: daily of drift")
        self.assertEqual(message["To"], "ann@example.org, bob@example.org")
        self.assertEqual(message["Auto-Submitted"], "auto-generated")
        self.assertRegex(message["Message-ID"], r"^<daily\.test-\w+@127\.0\.0\.1>$")
        self.assertIsNotNone(message["Date"].datetime)
        text, file = message.iter_parts()
        self.assertEqual(text.get_content_type(), "text/plain")
        self.assertIn("0 drifts of 0 resources", text.get_content())
        self.assertRegex(file.get_filename(), r"^drift-\d{4}-\d\d-\d\d\.html$")
        self.assertEqual(file.get_content_type(), "text/html")
        self.assertIn("<!DOCTYPE html>", file.get_content())

    def test_by_mail_with_starttls(self):
        smtp = self.smtp("start")
        self.mail(f"smtp://localhost:{smtp.port}", f'ca_file = "{self.certificates.authority}"')
        self.assertIn("taken by ann@example.org, bob@example.org", self.server.run("report", "test", "daily").stdout)
        self.check_mail(smtp)

    def test_by_mail_with_tls_from_the_start(self):
        smtp = self.smtp("from the start")
        self.mail(f"smtps://localhost:{smtp.port}", f'ca_file = "{self.certificates.authority}"')
        self.server.run("report", "test", "daily")
        self.check_mail(smtp)

    def test_a_server_that_nobody_vouches_for_gets_nothing(self):
        smtp = self.smtp("from the start")
        self.mail(f"smtps://localhost:{smtp.port}")
        said = self.server.run("report", "test", "daily", code=1).stderr
        self.assertIn("certificate is not trusted", said)
        self.assertEqual((smtp.mails, smtp.logins), ([], []))

    def test_where_tls_is_wanted_nothing_goes_without(self):
        smtp = self.smtp("")
        self.mail(f"smtp://localhost:{smtp.port}", f'ca_file = "{self.certificates.authority}"')
        said = self.server.run("report", "test", "daily", code=1).stderr
        self.assertIn("use a server with TLS", said)
        self.assertEqual((smtp.mails, smtp.logins), ([], []))

    def test_a_wrong_password_is_named_and_not_said(self):
        smtp = self.smtp("start")
        self.write_password("falsch-4711")
        self.mail(f"smtp://localhost:{smtp.port}", f'ca_file = "{self.certificates.authority}"')
        said = self.server.run("report", "test", "daily", code=1).stderr
        self.assertIn("password_file", said)
        self.assertNotIn("falsch-4711", said)
        self.assertEqual(smtp.mails, [])

    def test_a_password_for_everybody_is_refused(self):
        self.mail("smtp://localhost:1")
        os.chmod(self.password, 0o644)
        self.assertIn("chmod o=", self.server.run("report", "test", "daily", code=1).stderr)

    def test_what_is_due_is_sent_once_and_also_after_a_restart(self):
        hook = Hook()
        self.addCleanup(hook.close)
        self.report('every = "hour"', 'format = "jsonl"', f'url = "http://127.0.0.1:{hook.port}/x"')
        memory = os.path.join(self.server.folder, "data/reports.json")
        self.server.start()
        self.server.stop()
        with open(memory, encoding="utf-8") as file:
            sent = json.load(file)
        hour = 3600 * 10**6
        sent["sent"]["daily"] -= 3 * hour  # As if the server had been away for three hours.
        with open(memory, "w", encoding="utf-8") as file:
            json.dump(sent, file)
        self.server.start()
        post = wait_until(lambda: hook.posts, "the report came")[0]
        self.assertEqual((post["report"], post["kind"], post["file_type"]),
                         ("daily", "drift", "application/x-ndjson; charset=utf-8"))
        wait_until(lambda: "report daily: the one of" in self.server.said(), "it is noted")
        self.server.stop()
        with open(memory, encoding="utf-8") as file:
            self.assertGreaterEqual(json.load(file)["sent"]["daily"], sent["sent"]["daily"] + 3 * hour)
        self.server.start()
        self.server.log_in()
        self.assertEqual(len(hook.posts), 1)
        self.assertIn("daily  drift  jsonl  every hour, last due", self.server.run("report", "list").stdout)


if __name__ == "__main__":
    unittest.main()
