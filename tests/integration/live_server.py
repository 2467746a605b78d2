# SPDX-License-Identifier: Apache-2.0
"""A real fettle-server on loopback for the tests here, in a temporary folder of its own."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

FETTLE = os.environ["FETTLE_BIN"]
SERVER = os.environ["FETTLE_SERVER_BIN"]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_until(holds, what, seconds=30):
    """What `holds` answers, once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = holds()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class Certificates:
    """An authority of the test's own, and what it vouches for."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = self._path("ca.pem")
        self._openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", "-subj", "/CN=test CA",
                      "-keyout", self._path("ca.key"), "-out", self.authority)

    def issue(self, name):
        """(certificate, key) for localhost and 127.0.0.1."""
        certificate, key = self._path(f"{name}.pem"), self._path(f"{name}.key")
        request, extensions = self._path(f"{name}.csr"), self._path(f"{name}.ext")
        with open(extensions, "w", encoding="utf-8") as file:
            file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", self._path("ca.key"),
                      "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate)
        return certificate, key

    def _path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def _openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)


class LiveServer:
    """`more` is TOML that its configuration ends with. start() and stop() as often as wanted, close() at the end."""

    def __init__(self, more="", http=False):
        self.folder = tempfile.mkdtemp(prefix="fettle-live-")
        self.process = None
        self.agents, self.enroll, self.http = free_ports(3)
        self.config = os.path.join(self.folder, "server.toml")
        self.log = os.path.join(self.folder, "server.log")
        made = subprocess.run(
            [SERVER, "init", "--config", self.config, "--data-dir", os.path.join(self.folder, "data"),
             "--name", "127.0.0.1", "--listen", f"127.0.0.1:{self.agents}",
             "--enroll-listen", f"127.0.0.1:{self.enroll}",
             "--http-listen", f"127.0.0.1:{self.http}" if http else "off"],
            capture_output=True, text=True, timeout=60, check=True)
        self.token = re.search(r"fettle1\.\S+", made.stdout).group(0)
        self.configure(more)

    def configure(self, more):
        with open(self.config, "a", encoding="utf-8") as file:
            file.write(more)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([SERVER, "run", "--config", self.config], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        wait_until(self._listens, "the server listens: see " + self.log)

    def _listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server has ended: {self.said()[-3000:]}")
        try:
            for port in (self.agents, self.enroll):
                socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    def stop(self, how=signal.SIGTERM):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def fettle(self, *words, code=0, user="admin"):
        environment = {**os.environ, "FETTLE_CONFIG": os.path.join(self.folder, user), "HOME": self.folder}
        done = subprocess.run([FETTLE, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=60, env=environment)
        if code is not None and done.returncode != code:
            raise AssertionError(f"fettle {words} ended with {done.returncode}, not {code}:\n"
                                 f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    def log_in(self):
        self.fettle("login", "--server", f"127.0.0.1:{self.enroll}", "--mtls-port", str(self.agents),
                    "--token", self.token)

    def run(self, *words, code=0):
        """A command of fettle-server itself."""
        done = subprocess.run([SERVER, *words, "--config", self.config], capture_output=True, text=True, timeout=60)
        if code is not None and done.returncode != code:
            raise AssertionError(f"fettle-server {words} ended with {done.returncode}, not {code}:\n"
                                 f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done
