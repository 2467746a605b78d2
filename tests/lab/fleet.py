# SPDX-License-Identifier: Apache-2.0
"""A server on this machine and agents on really booted hosts: what a whole-road test begins with.

    with Fleet(hosts=["web1", "web2"]) as fleet:
        fleet.publish({"fleet.lua": 'include "a"', "recipes/a.lua": 'file "/etc/a" { content = "a\\n" }'})
        fleet.wait_converged()

Everything lives in one temporary folder and one Lab; both go when the `with` ends.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

from labhost import Lab, LabError, Result, fettle_binary, wait_until

BIN = os.path.dirname(fettle_binary())
GUEST_BIN = "/opt/fettle/bin"
HEARTBEAT_SECONDS = 2

UNIT = f"""[Unit]
Description=Fettle agent
[Service]
Type=notify
ExecStart={GUEST_BIN}/fettle-agent run
Restart=always
RestartSec=100ms
KillMode=process
TimeoutStopSec=20
[Install]
WantedBy=multi-user.target
"""


class Fleet:
    """Server, command line and enrolled hosts."""

    def __init__(self, hosts, title="road", sweep="2s", labels=None, binds=(), console=None):
        self.lab = Lab(hosts=list(hosts), title=title, binds=[f"{BIN}:{GUEST_BIN}", *binds])
        self.folder = tempfile.mkdtemp(prefix="fettle-road-")
        self.sweep = sweep
        self.labels = labels or {}
        self.console = console  # A folder with files for browsers.
        self.server = None
        self.key = os.path.join(self.folder, "author")
        self.tree = os.path.join(self.folder, "tree")

    def __enter__(self):
        try:
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "author@test", "-f", self.key],
                           check=True)
            self.lab.__enter__()
            self._make_server()
            for host in self.lab.hosts:
                self.enroll(host, self.labels.get(host.name, {}))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.stop_server(signal.SIGKILL)
        finally:
            try:
                self.lab.down()
            finally:
                shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def hosts(self):
        return self.lab.hosts

    # The server.

    def _make_server(self):
        self.address = self.lab.gateway
        self.config = os.path.join(self.folder, "server.toml")
        self.data = os.path.join(self.folder, "server")
        made = self.server_command("init", "--config", self.config, "--data-dir", self.data, "--name", self.address,
                                   "--listen", f"{self.address}:7440", "--enroll-listen", f"{self.address}:7441",
                                   "--http-listen", f"{self.address}:7443",
                                   *(["--console", self.console] if self.console else []))
        token = re.search(r"fettle1\.\S+", made.out)
        if not token:
            raise LabError(f"fettle-server init printed no login token: {made}")
        with open(self.config, encoding="utf-8") as file:
            text = file.read()
        text = re.sub(r'(?m)^heartbeat = .*$', f'heartbeat = "{HEARTBEAT_SECONDS}s"', text)
        text = re.sub(r'(?m)^reconnect_window = .*$', 'reconnect_window = "1s"', text)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        shutil.copy(f"{self.key}.pub", os.path.join(self.data, "trusted_keys"))
        self.start_server()
        self.fettle("login", "--server", f"{self.address}:7441", "--token", token.group(0))

    def server_command(self, *arguments, check=True):
        done = subprocess.run([os.path.join(BIN, "fettle-server"), *arguments], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)
        result = Result(done.returncode, done.stdout, done.stderr)
        if check and result.code != 0:
            raise LabError(f"fettle-server {arguments}: {result}")
        return result

    def start_server(self):
        log = open(os.path.join(self.folder, "server.log"), "ab")
        self.server = subprocess.Popen([os.path.join(BIN, "fettle-server"), "run", "--config", self.config],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        wait_until(lambda: self._listening() or self._server_died(), 20, "the server to listen")

    def _listening(self):
        import socket
        try:
            socket.create_connection((self.address, 7441), 1).close()
            socket.create_connection((self.address, 7440), 1).close()
            socket.create_connection((self.address, 7443), 1).close()
            return True
        except OSError:
            return False

    def _server_died(self):
        if self.server.poll() is not None:
            raise LabError(f"the server ended with {self.server.returncode}: {self.server_log()[-3000:]}")
        return False

    def server_log(self):
        with open(os.path.join(self.folder, "server.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop_server(self, signum=signal.SIGTERM):
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signum)
            self.server.wait(30)

    # The command line.

    def restart_server(self):
        self.stop_server()
        self.start_server()

    def fettle(self, *arguments, **how):
        return self.fettle_as(os.path.join(self.folder, "config"), *arguments, **how)

    def fettle_as(self, config, *arguments, check=True, timeout=60, codes=(0,)):
        """As the person whose log-in stands in the folder `config`."""
        done = subprocess.run([fettle_binary(), *arguments], capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, env={**os.environ, "FETTLE_CONFIG": config})
        result = Result(done.returncode, done.stdout, done.stderr)
        if check and result.code not in codes:
            raise LabError(f"fettle {' '.join(arguments)}: {result}")
        return result

    def json(self, *arguments):
        return json.loads(self.fettle(*arguments, "-o", "json").out)

    def publish(self, files, message="test", channel="production", key=None, check=True):
        """Writes `files` (path -> text) as the tree and publishes it, signed by the author."""
        shutil.rmtree(self.tree, ignore_errors=True)
        for path, content in files.items():
            full = os.path.join(self.tree, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(content)
        return self.fettle("publish", self.tree, "-m", message, "--channel", channel, "--sign-key", key or self.key,
                           check=check)

    # Hosts.

    def enroll(self, host, labels=None, trust=True):
        words = [word for key, value in (labels or {}).items() for word in ("--label", f"{key}={value}")]
        token = re.search(r"fettle1\.\S+", self.fettle("enroll", "token", *words).out).group(0)
        with open(f"{self.key}.pub", encoding="utf-8") as file:
            host.write_file("/root/trusted_keys", file.read())
        host.run([f"{GUEST_BIN}/fettle-agent", "enroll", "--server", f"{self.address}:7441", "--token", token,
                  "--name", host.name, *(["--trust-keys", "/root/trusted_keys"] if trust else [])])
        config = host.read_file("/etc/fettle/agent/agent.toml")
        config = re.sub(r'(?m)^sweep.*$', "", config) + f'\nsweep = "{self.sweep}"\n'
        host.write_file("/etc/fettle/agent/agent.toml", config)
        host.write_file("/etc/systemd/system/fettle-agent.service", UNIT)
        host.run("systemctl daemon-reload && systemctl enable --now fettle-agent")

    def states(self):
        """name -> entry of `fettle hosts -o json`."""
        return {host["name"]: host for host in self.json("hosts")["hosts"]}

    def converged(self, names=None, revision=None):
        for name, host in self.states().items():
            if names is not None and name not in names:
                continue
            counts = host.get("counts", {})
            wrong = sum(int(counts.get(state, 0)) for state in ("failed", "skipped", "drifted", "unknown", "blocked"))
            at = host.get("revision", "")
            if at != (revision or host.get("assignedRevision")) or not at or wrong or not int(counts.get("ok", 0)):
                return False
        return True

    def wait_converged(self, names=None, timeout=90, revision=None):
        try:
            wait_until(lambda: self.converged(names, revision), timeout, "the fleet to converge")
        except LabError as error:
            raise LabError(f"{error}: {self.fettle('hosts', check=False).out}\n{self.server_log()[-2000:]}\n"
                           + "\n".join(h.run("journalctl -n 30 --no-pager -u fettle-agent", check=False).out
                                       for h in self.hosts)) from error

    def drift(self, since="1h"):
        return self.json("drift", "--since", since, "--most", "5000").get("records", [])
