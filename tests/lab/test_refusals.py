#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What must not get through, on a really booted host: certificates that are no good, and content that was damaged."""
import os
import signal
import sqlite3
import subprocess
import tempfile
import unittest

from fleet import GUEST_BIN, Fleet
from labhost import wait_until

CA_CONFIG = """
[ca]
default_ca = one
[one]
database = FOLDER/index.txt
serial = FOLDER/serial
new_certs_dir = FOLDER
default_md = sha256
policy = any
x509_extensions = host
unique_subject = no
[any]
commonName = optional
[host]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
subjectAltName = URI:fettle://host/NAME,DNS:NAME
"""
KNOWN_GOOD = "the last good content\n"


def tree(text=KNOWN_GOOD):
    """A tree whose content travels as a blob of its own."""
    return {"fleet.lua": 'include "a"\n', "recipes/a/init.lua": 'file "/etc/lab-a" { source = "a" }\n',
            "recipes/a/files/a": text}


class Refusals(unittest.TestCase):
    """One server and one host; every test begins and ends with them in agreement."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(hosts=["web1"], title="refuse")
        cls.enterClassContext(cls.fleet)
        cls.host = cls.fleet.hosts[0]
        cls.identity = os.path.dirname(cls.host.run("find /etc/fettle /var/lib/fettle -name host.crt").out.strip())

    def setUp(self):
        self.fleet.publish(tree())
        self.fleet.wait_converged()

    def content(self):
        return self.host.read_file("/etc/lab-a")

    # Certificates.

    def issue(self, key, ca_key, ca_certificate, begin, end):
        """A certificate like the host's own for `key` (PEM), by an authority of the test's choice."""
        with tempfile.TemporaryDirectory() as folder:
            def put(name, text):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            put("key.pem", key)
            put("index.txt", "")
            put("serial", "7001\n")
            put("ca.cnf", CA_CONFIG.replace("FOLDER", folder).replace("NAME", self.host.name))

            def openssl(*words):
                subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60)
            openssl("req", "-new", "-key", "key.pem", "-subj", f"/CN={self.host.name}", "-out", "host.csr")
            openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-keyfile", ca_key, "-cert", ca_certificate,
                    "-in", "host.csr", "-out", "host.crt", "-startdate", begin, "-enddate", end)
            with open(os.path.join(folder, "host.crt"), encoding="utf-8") as file:
                return file.read()

    def refused_with(self, certificate, ca=None):
        """Runs the agent with this certificate instead of its own while a revision is published, and puts its own back.
        """
        own = self.host.read_file(f"{self.identity}/host.crt")
        own_ca = self.host.read_file(f"{self.identity}/ca.pem")
        self.host.run("systemctl stop fettle-agent")
        mark = self.host.run("date +%s").out.strip()
        self.host.write_file(f"{self.identity}/host.crt", certificate)
        self.host.run("systemctl start fettle-agent")
        try:
            wait_until(lambda: "does not accept this host's certificate" in self.host.run(
                f"journalctl --no-pager -o cat -u fettle-agent --since @{mark}").out, 40, "the agent to say why")
            self.fleet.publish(tree("not for strangers\n"))
            wait_until(lambda: self.fleet.states()["web1"]["presence"] == "PRESENCE_SILENT", 40, "web1 to be silent")
            self.assertEqual(self.content(), KNOWN_GOOD)
            self.host.write_file("/etc/lab-a", "drift while refused\n")
            wait_until(lambda: self.content() == KNOWN_GOOD, 40, "what it had to be enforced all the same")
        finally:
            self.host.run("systemctl stop fettle-agent")
            self.host.write_file(f"{self.identity}/host.crt", own)
            self.host.write_file(f"{self.identity}/ca.pem", own_ca)
            self.host.run("systemctl start fettle-agent")
        wait_until(lambda: self.content() == "not for strangers\n", 60, "the host to catch up with its own certificate")

    def test_an_agent_with_an_expired_certificate_is_refused(self):
        key = self.host.read_file(f"{self.identity}/key.pem")
        self.refused_with(self.issue(key, os.path.join(self.fleet.data, "ca.key"),
                                     os.path.join(self.fleet.data, "ca.pem"), "20240101000000Z", "20240201000000Z"))

    def test_an_agent_with_a_certificate_of_another_authority_is_refused(self):
        key = self.host.read_file(f"{self.identity}/key.pem")
        with tempfile.TemporaryDirectory() as folder:
            ca_key, ca = os.path.join(folder, "ca.key"), os.path.join(folder, "ca.pem")
            subject = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "multiline,-sname", "-in",
                                      os.path.join(self.fleet.data, "ca.pem")], capture_output=True, text=True,
                                     check=True).stdout.split("=", 2)[-1].strip()
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", ca_key, "-out", ca,
                            "-days", "30", "-subj", f"/CN={subject}"], check=True, capture_output=True, timeout=60)
            self.refused_with(self.issue(key, ca_key, ca, "20260101000000Z", "20351231000000Z"))

    # Content.

    def running_again(self):
        if self.fleet.server.poll() is not None:
            self.fleet.start_server()
        self.host.run("systemctl start fettle-agent")

    def damage_on_the_server(self, content, change):
        """Publishes new content, damages it in the server's database before any host has it, and lets the host ask."""
        self.host.run("systemctl stop fettle-agent")
        self.fleet.publish(tree(content))
        self.fleet.stop_server(signal.SIGKILL)
        self.addCleanup(self.running_again)
        with sqlite3.connect(os.path.join(self.fleet.data, "fettle.db")) as database:
            changed = database.execute(f"UPDATE blobs SET data = {change} WHERE CAST(data AS BLOB) = ?",
                                       (content.encode(),)).rowcount
        database.close()
        self.assertEqual(changed, 1, "the blob was there to be damaged")
        self.fleet.start_server()
        self.host.run("systemctl start fettle-agent")
        wait_until(lambda: "cannot be fetched" in self.fleet.states()["web1"].get("refusal", ""), 60,
                   "the server to show why the host does not take the revision")
        self.assertEqual(self.content(), KNOWN_GOOD)
        self.host.write_file("/etc/lab-a", "drift meanwhile\n")
        wait_until(lambda: self.content() == KNOWN_GOOD, 40, "the last good revision to be enforced")
        # As its message says: publishing the revision again brings the content back.
        self.fleet.publish(tree(content), message="once more")
        wait_until(lambda: self.content() == content, 60, "the whole content")
        wait_until(lambda: not self.fleet.states()["web1"].get("refusal", ""), 30, "the refusal to be taken back")

    def test_a_blob_with_a_flipped_byte_is_refused_and_said(self):
        self.damage_on_the_server("one byte of this will be flipped\n", "CAST('C' || substr(data, 2) AS BLOB)")

    def test_a_truncated_blob_is_refused_and_said(self):
        self.damage_on_the_server("this will be cut short\n", "substr(data, 1, 10)")

    def test_content_damaged_in_the_hosts_own_store_is_fetched_anew_and_never_written(self):
        self.host.run("systemctl stop fettle-agent")
        damaged = self.host.run("cd /var/lib/fettle && grep -rl 'the last good content' . | grep -v journal").out.split()
        self.assertTrue(damaged, "the host keeps the content in its store")
        for path in damaged:
            self.host.run(["sh", "-c", 'cd /var/lib/fettle && printf "evil content of same\\n\\n" > "$0"', path])
        self.host.run("rm /etc/lab-a; systemctl start fettle-agent")
        wait_until(lambda: self.host.exists("/etc/lab-a"), 60, "the file to be put right")
        self.assertEqual(self.content(), KNOWN_GOOD)


if __name__ == "__main__":
    unittest.main()
