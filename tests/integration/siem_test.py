#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The event stream of a real server: to a file that is moved away, by syslog over TLS to a receiver of the test's own
that asks for a certificate, goes and comes back, and to a real rsyslog. Nothing may be lost, also when the server is killed.

FETTLE_BIN and FETTLE_SERVER_BIN are the programs.
"""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from live_server import Certificates, LiveServer, free_ports, wait_until


class Receiver:
    """Takes syslog over TLS (RFC 5425) with certificates on both sides; keeps the messages."""

    def __init__(self, certificates, port):
        self.port = port
        self.messages = []
        self.broken = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificates.issue("receiver"))
        self._context.load_verify_locations(certificates.authority)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._socket = None

    def open(self):
        self._socket = socket.create_server(("127.0.0.1", self.port))
        self._connections = []
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for one in self._connections:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It has gone already.
            one.close()

    def _accept(self, listening):
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        try:
            connection = self._context.wrap_socket(plain, server_side=True)
        except (ssl.SSLError, OSError) as error:
            self.broken.append(str(error))
            plain.close()
            return
        self._connections.append(connection)
        stream = connection.makefile("rb")
        try:
            while size := self._size(stream):
                message = stream.read(size)
                if len(message) == size:
                    self.messages.append(message.decode())
        except (OSError, ValueError):
            pass  # The test closed it.

    @staticmethod
    def _size(stream):
        digits = b""
        while (digit := stream.read(1)) not in (b" ", b""):
            digits += digit
        return int(digits or b"0")

    def bodies(self):
        return [re.fullmatch(r"<\d+>1 \S+ 127\.0\.0\.1 fettle-server \d+ \w+ - (.*)", one).group(1)
                for one in list(self.messages)]


class Siem(unittest.TestCase):
    def setUp(self):
        self.server = LiveServer()
        self.addCleanup(self.server.close)
        self.certificates = Certificates(self.server.folder)
        self.port, = free_ports(1)

    def outlet(self, name, *settings):
        self.server.configure(f'\n[[siem]]\nname = "{name}"\n' + "\n".join(settings) + "\n")

    def syslog(self, name, *settings):
        certificate, key = self.certificates.issue(name)
        self.outlet(name, f'address = "localhost:{self.port}"', f'ca_file = "{self.certificates.authority}"',
                    f'certificate_file = "{certificate}"', f'key_file = "{key}"', 'most_wait = "1s"', *settings)

    def act(self, text):
        """Something that stands in the log: a token is made for `text`."""
        self.server.fettle("enroll", "token", "--user", "--name", text)

    def start(self):
        self.server.start()
        self.server.log_in()

    def test_a_file_gets_every_act_and_may_be_moved_away(self):
        path = os.path.join(self.server.folder, "events.jsonl")
        self.outlet("local", f'file = "{path}"')
        self.start()

        def acts(name):
            if not os.path.exists(name):
                return []
            with open(name, encoding="utf-8") as file:
                return [json.loads(line) for line in file]

        self.act("ann")
        first = wait_until(lambda: [one for one in acts(path) if "ann" in one["summary"]], "the act is in the file")
        self.assertEqual(first[0]["who"], "user/admin")
        self.assertEqual(first[0]["kind"], "act")
        os.rename(path, path + ".moved")
        self.server.process.send_signal(signal.SIGHUP)
        self.act("bob")
        wait_until(lambda: [one for one in acts(path) if "bob" in one["summary"]], "the next is in a new file")
        self.assertIsNone(self.server.process.poll())
        leaves = [one["leaf"] for one in acts(path + ".moved") + acts(path)]
        self.assertEqual(leaves, list(range(leaves[0], leaves[0] + len(leaves))))

    def test_nothing_is_lost_while_the_receiver_or_the_server_is_away(self):
        self.syslog("soc")
        receiver = Receiver(self.certificates, self.port)
        receiver.open()
        self.start()
        self.act("user-0")
        wait_until(lambda: "user-0" in "".join(receiver.bodies()), "the first act came")
        receiver.close()
        self.act("user-1")
        wait_until(lambda: "siem soc:" in self.server.said(), "the server says that the receiver is away")
        self.act("user-2")
        self.server.stop(signal.SIGKILL)
        self.server.start()
        self.act("user-3")
        receiver.open()
        self.addCleanup(receiver.close)
        wait_until(lambda: "user-3" in "".join(receiver.bodies()), "what was done meanwhile came")
        events = {one["id"]: one for one in map(json.loads, receiver.bodies())}
        leaves = sorted(one["leaf"] for one in events.values() if one["kind"] in ("act", "denied"))
        self.assertEqual(leaves, list(range(leaves[0], leaves[0] + len(leaves))), "none is missing")
        for number in range(4):
            self.assertTrue(any(f"user-{number}" in one["summary"] for one in events.values()))

    def test_a_receiver_of_another_authority_gets_nothing(self):
        self.syslog("soc")
        with tempfile.TemporaryDirectory() as folder:
            receiver = Receiver(Certificates(folder), self.port)
            receiver.open()
            self.addCleanup(receiver.close)
            said = self.server.run("siem", "test", "soc", code=1).stderr
        self.assertIn("certificate is not accepted", said)
        self.assertIn("ca_file", said)
        self.assertEqual(receiver.messages, [])

    def test_one_that_does_not_take_our_certificate_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Certificates(folder).issue("stranger")
            self.outlet("soc", f'address = "localhost:{self.port}"', f'ca_file = "{self.certificates.authority}"',
                        f'certificate_file = "{certificate}"', f'key_file = "{key}"')
            receiver = Receiver(self.certificates, self.port)
            receiver.open()
            self.addCleanup(receiver.close)
            self.server.run("siem", "test", "soc", code=1)
        self.assertEqual(receiver.messages, [])
        wait_until(lambda: receiver.broken, "the receiver refused it")

    def test_list_and_test(self):
        self.syslog("soc", 'format = "cef"', 'kinds = ["drift", "denied"]')
        receiver = Receiver(self.certificates, self.port)
        receiver.open()
        self.addCleanup(receiver.close)
        self.assertEqual(self.server.run("siem", "list").stdout, f"soc  cef  localhost:{self.port}  denied,drift\n")
        self.assertIn("took a test event (cef)", self.server.run("siem", "test", "soc").stdout)
        body, = wait_until(receiver.bodies, "the test event came")
        self.assertRegex(body, r"^CEF:0\|Fettle\|Fettle\|[0-9.]+\|test\|.*\|0\|rt=\d+ ")
        self.assertIn('did you mean "soc"', self.server.run("siem", "test", "sox", code=1).stderr)

    def test_rsyslog_takes_it(self):
        certificate, key = self.certificates.issue("rsyslog")
        out = os.path.join(self.server.folder, "rsyslog.out")
        config = os.path.join(self.server.folder, "rsyslog.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f'''global(DefaultNetstreamDriverCAFile="{self.certificates.authority}"
       DefaultNetstreamDriverCertFile="{certificate}" DefaultNetstreamDriverKeyFile="{key}"
       workDirectory="{self.server.folder}" maxMessageSize="16k")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid")
input(type="imtcp" port="{self.port}" address="127.0.0.1")
template(name="parts" type="string" string="%syslogfacility-text%|%syslogseverity-text%|%hostname%|%app-name%|%msgid%|%msg%\\n")
action(type="omfile" file="{out}" template="parts")
''')
        rsyslog = subprocess.Popen(["/usr/sbin/rsyslogd", "-n", "-f", config,
                                    "-i", os.path.join(self.server.folder, "rsyslog.pid")],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(rsyslog.wait, 30)
        self.addCleanup(rsyslog.terminate)
        self.syslog("soc")
        self.start()
        self.act("ann")

        def lines():
            if not os.path.exists(out):
                return []
            with open(out, encoding="utf-8") as file:
                return [line for line in file if "ann" in line]

        line = wait_until(lines, "rsyslog wrote the act")[0]
        _, severity, host, app, kind, body = line.rstrip("\n").split("|", 5)
        self.assertEqual((severity, host, app, kind), ("info", "127.0.0.1", "fettle-server", "act"))
        event = json.loads(body)
        self.assertEqual(event["who"], "user/admin")


if __name__ == "__main__":
    unittest.main()
