# SPDX-License-Identifier: Apache-2.0
"""Really booted hosts for tests, made by `fettle lab`.

    with Lab(hosts=2) as lab:
        web, db = lab.hosts
        web.run("systemctl start nginx")
        wait_until(lambda: web.can_connect(db.address, 5432), 30, "the database to answer")

Every Lab has a name of its own, with this process's pid in it, and is removed when its `with` ends, when the process
exits and when it gets SIGTERM, SIGINT or SIGHUP. What a killed test run left behind is removed by the next one.
The program is FETTLE_BIN, or build/bin/fettle of this repository. Root only.
"""
import atexit
import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STATE_FOLDER = "/run/fettle-lab"
_NAME = re.compile(r"^t-[a-z0-9-]*-p(\d+)-\d+$")
_POLL_SECONDS = 0.1


class LabError(Exception):
    """`fettle lab`, or a command in a host, did not do what it was asked."""


class Result:
    """What a command left: its exit code, and what it printed."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit code {self.code}\nstdout: {self.out}\nstderr: {self.err}"


def fettle_binary():
    path = os.environ.get("FETTLE_BIN", os.path.join(REPOSITORY, "build", "bin", "fettle"))
    if not os.access(path, os.X_OK):
        raise LabError(f"{path}: no such program; build it, or set FETTLE_BIN")
    return path


def run_fettle(*arguments, check=True, timeout=120, input=None):
    """Runs the `fettle` under test on this machine."""
    done = subprocess.run([fettle_binary(), *arguments], input=input, capture_output=True, text=True,
                          timeout=timeout, stdin=subprocess.DEVNULL if input is None else None)
    result = Result(done.returncode, done.stdout, done.stderr)
    if check and result.code != 0:
        raise LabError(f"fettle {shlex.join(arguments)}: {result}")
    return result


def wait_until(predicate, timeout, what):
    """Calls `predicate` until it returns something true, and returns that."""
    end = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise LabError(f"waited {timeout} s in vain for {what}")
        time.sleep(_POLL_SECONDS)


class Host:
    """One host of a Lab."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name

    def __repr__(self):
        return f"host {self.name} of lab {self.lab.name}"

    def status(self):
        """Its entry of `fettle lab list`: name, address, state, cut, pid, console_log."""
        return next(host for host in self.lab.list()["hosts"] if host["name"] == self.name)

    @property
    def address(self):
        return self.status()["address"]

    @property
    def state(self):
        return self.status()["state"]

    def run(self, command, check=True, timeout=120, input=None, env=None):
        """Runs a command in the host as root: a list is an argv, a text goes to `sh -c`. `input` may be text or
        bytes; bytes make the Result's output bytes as well."""
        argv = ["sh", "-c", command] if isinstance(command, str) else list(command)
        settings = [word for name, value in (env or {}).items() for word in ("--env", f"{name}={value}")]
        text = not isinstance(input, bytes)
        done = subprocess.run(
            [fettle_binary(), "lab", "exec", "--name", self.lab.name, *settings, self.name, "--", *argv],
            input="" if input is None else input, capture_output=True, text=text, timeout=timeout)
        result = Result(done.returncode, done.stdout, done.stderr)
        if check and result.code != 0:
            raise LabError(f"{self}: {command!r}: {result}")
        return result

    def popen(self, command, **options):
        """Starts a command in the host and returns its subprocess.Popen; ending that ends the command."""
        argv = ["sh", "-c", command] if isinstance(command, str) else list(command)
        return subprocess.Popen([fettle_binary(), "lab", "exec", "--name", self.lab.name, self.name, "--", *argv],
                                **options)

    def read_file(self, path):
        return self.run(["cat", "--", path]).out

    def write_file(self, path, content, mode="0644"):
        """Writes text or bytes, making the folders above; the file appears at once, as a whole."""
        data = content.encode() if isinstance(content, str) else content
        script = ('set -e; mkdir -p "$(dirname "$1")"; cat > "$1.new"; chmod "$2" "$1.new"; mv "$1.new" "$1"')
        self.run(["sh", "-c", script, "sh", path, mode], input=data)

    def exists(self, path):
        return self.run(["test", "-e", path, "-o", "-L", path], check=False).code == 0

    def put(self, local, remote):
        """Copies a file or folder of this machine to the path `remote`, with modes, owned by root."""
        folder, name = os.path.split(os.path.abspath(local))
        packed = subprocess.run(["tar", "-C", folder, "--owner=0", "--group=0", "-cf", "-", "--", name],
                                capture_output=True, check=True).stdout
        script = ('set -e; t=$(mktemp -d "$(dirname "$1")/put.XXXXXX"); trap \'rm -rf "$t"\' EXIT; '
                  'tar -C "$t" -xf -; rm -rf -- "$1"; mv -- "$t/$2" "$1"')
        self.run(["mkdir", "-p", os.path.dirname(remote)])
        self.run(["sh", "-c", script, "sh", remote, name], input=packed)

    def can_connect(self, address, port, timeout=2):
        """Whether a TCP connection from this host to `address` can be made."""
        script = f"exec 3<>/dev/tcp/{address}/{int(port)}"
        return self.run(["timeout", str(timeout), "bash", "-c", script], check=False).code == 0

    def unit_state(self, unit):
        """systemd's word: active, inactive, failed, …"""
        return self.run(["systemctl", "is-active", unit], check=False).out.strip()

    def wait_for_unit(self, unit, state="active", timeout=30):
        wait_until(lambda: self.unit_state(unit) == state, timeout, f"{unit} on {self} to be {state}")

    def journal(self, unit):
        return self.run(["journalctl", "--no-pager", "-o", "cat", "-u", unit]).out

    def cut(self):
        self.lab.fettle("cut", self.name)

    def join(self):
        self.lab.fettle("join", self.name)

    def kill(self):
        """Loss of power."""
        self.lab.fettle("kill", self.name)

    def boot(self):
        self.lab.fettle("boot", self.name)

    def reboot(self):
        """An orderly reboot from within. A host whose systemd-nspawn does not start it again by itself is booted."""
        before = self.read_file("/proc/sys/kernel/random/boot_id")
        supervised = self.status()["pid"]
        self.run(["systemctl", "--no-block", "reboot"], check=False)
        wait_until(lambda: self.status()["pid"] != supervised, 90, f"{self} to go down")
        wait_until(lambda: self.state in ("off", "running", "degraded"), 90, f"{self} to come to rest")
        if self.state == "off":
            self.boot()
        if self.read_file("/proc/sys/kernel/random/boot_id") == before:
            raise LabError(f"{self} has not rebooted")


class Lab:
    """Hosts that exist while its `with` lasts. `binds`: "PATH[:DEST]" of this machine to show read-only in them."""

    def __init__(self, hosts=1, prefix="host", binds=(), title="lab"):
        self.name = f"t-{title}-p{os.getpid()}-{next(_sequence)}"
        if not _NAME.match(self.name) or len(title) > 12:
            raise LabError(f"title {title!r}: at most 12 lower-case letters and digits")
        self._names = [f"{prefix}{i}" for i in range(1, hosts + 1)] if isinstance(hosts, int) else list(hosts)
        self._binds = list(binds)
        self._number = None

    def __enter__(self):
        fettle_binary()  # Complains before there is anything to remove.
        _install_handlers()
        _remove_labs_of_dead_tests()
        _open_labs.add(self.name)
        try:
            self.up(*self._names)
            bridge = self.list()["bridge"]
        except BaseException:
            self.down()
            raise
        self._number = int(re.sub(r"\D", "", bridge))
        return self

    def __exit__(self, *_):
        self.down()

    def fettle(self, command, *arguments, check=True, timeout=120):
        """`fettle lab COMMAND --name THIS …`."""
        return run_fettle("lab", command, "--name", self.name, *arguments, check=check, timeout=timeout)

    def up(self, *names):
        """Makes further hosts."""
        self.fettle("up", *[word for bind in self._binds for word in ("--bind", bind)], "--", *names)

    def down(self):
        """Removes everything; what can't be removed is an error."""
        self.fettle("down")
        _open_labs.discard(self.name)

    def list(self):
        labs = json.loads(self.fettle("list", "-o", "json").out)
        if not labs:
            raise LabError(f"there is no lab {self.name}")
        return labs[0]

    @property
    def hosts(self):
        """In the order in which they were named first."""
        known = [host["name"] for host in self.list()["hosts"]]
        return [Host(self, name) for name in sorted(known, key=lambda n: (self._order(n), n))]

    def _order(self, name):
        return self._names.index(name) if name in self._names else len(self._names)

    def host(self, name):
        return Host(self, name)

    @property
    def gateway(self):
        """The machine's address on the hosts' network: a server of the test listens here."""
        return self.list()["gateway"]

    def leftovers(self):
        """What of this lab the machine still has; [] after down()."""
        return leftovers(self.name, self._number)


def leftovers(name, number=None):
    """Mounts, processes, control groups, files and interfaces of the lab `name` (of interfaces only with `number`)."""
    folder = f"{STATE_FOLDER}/{name}"
    found = [f"path {path}" for path in (folder, f"/sys/fs/cgroup/fettle-lab/{name}",
                                         f"/sys/fs/cgroup/unified/fettle-lab/{name}",
                                         f"/sys/fs/cgroup/systemd/fettle-lab/{name}") if os.path.exists(path)]
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        found += [f"mount {line.strip()}" for line in mounts if f"{folder}/" in line]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                command = file.read()
        except OSError:
            continue
        if f"--directory={folder}/" in command:
            found.append(f"process {pid}: {command}")
    if number is not None:
        ours = re.compile(rf"^(fettle{number}|vb-fl{number}h\d+)$")
        found += [f"interface {link}" for link in os.listdir("/sys/class/net") if ours.match(link)]
    return found


_sequence = itertools.count(1)
_open_labs = set()
_handlers_installed = False


def _remove_open_labs():
    for name in list(_open_labs):
        result = run_fettle("lab", "down", "--name", name, check=False)
        if result.code != 0:
            print(f"lab {name} could not be removed: {result}", file=sys.stderr)


def _leave(signum, _frame):
    raise SystemExit(128 + signum)


def _install_handlers():
    global _handlers_installed
    if not _handlers_installed:
        atexit.register(_remove_open_labs)
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, _leave)
        _handlers_installed = True


def _remove_labs_of_dead_tests():
    if not os.path.isdir(STATE_FOLDER):
        return
    for name in os.listdir(STATE_FOLDER):
        match = _NAME.match(name)
        if match and not os.path.exists(f"/proc/{match.group(1)}"):
            run_fettle("lab", "down", "--name", name, check=False)
