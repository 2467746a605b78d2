#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`fettle lab` and the harness, on really booted hosts."""
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from aptrepo import AptRepo
from labhost import STATE_FOLDER, Lab, fettle_binary, leftovers, wait_until

SERVER_UNIT = """[Unit]
Description=Answers on a port
[Service]
ExecStart=/usr/bin/greeter
[Install]
WantedBy=multi-user.target
"""
SERVER = """#!/usr/bin/python3
import http.server
http.server.ThreadingHTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def serve(host, port=7000):
    """A TCP server on `host`, as a unit of its systemd."""
    host.run(["systemd-run", "--unit", f"serve{port}", "/usr/bin/python3", "-m", "http.server", str(port)])


def number_of(lab):
    """The number in the record of a lab that may be half made; None before there is one."""
    try:
        with open(f"{STATE_FOLDER}/{lab.name}/lab.json", encoding="ascii") as record:
            return json.load(record)["number"]
    except FileNotFoundError:
        return None


class RunningLab(unittest.TestCase):
    """One lab of three hosts for all tests that leave it as they found it."""

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(hosts=["web1", "web2", "db1"], title="run")
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.down)
        cls.web1, cls.web2, cls.db1 = cls.lab.hosts

    def test_hosts_reach_running_without_failed_units(self):
        for host in self.lab.hosts:
            self.assertEqual(host.state, "running", host.run("systemctl --failed", check=False))

    def test_hosts_have_names_machine_ids_and_addresses_of_their_own(self):
        with open("/etc/machine-id", encoding="ascii") as file:
            machine_ids = {file.read().strip()}
        for host in self.lab.hosts:
            self.assertEqual(host.run(["hostname"]).out, f"{host.name}\n")
            machine_id = host.read_file("/etc/machine-id").strip()
            self.assertRegex(machine_id, "^[0-9a-f]{32}$")
            machine_ids.add(machine_id)
            self.assertIn(f" {host.address}/24 ", host.run("ip -4 addr show host0").out)
        self.assertEqual(len(machine_ids), 4)

    def test_hosts_reach_each_other_by_name_and_the_machine_by_its_address(self):
        serve(self.db1)
        wait_until(lambda: self.web1.can_connect("db1", 7000), 30, "the server on db1")
        with socket.create_server((self.lab.gateway, 0)) as server:
            self.assertTrue(self.web2.can_connect(self.lab.gateway, server.getsockname()[1]))

    def test_a_host_sees_neither_the_networks_nor_the_processes_of_the_machine(self):
        self.assertEqual(set(self.web1.run("ls /sys/class/net").out.split()), {"lo", "host0"})
        self.assertEqual(self.web1.run(["pgrep", "-x", "systemd-nspawn"], check=False).out, "")
        self.assertEqual(self.web1.run("cat /proc/1/comm").out, "systemd\n")

    def test_a_host_starts_no_services_of_the_machine_but_cron(self):
        units = self.web1.run("systemctl list-units --type=service --state=running --plain --no-legend").out
        running = {line.split()[0] for line in units.splitlines()}
        allowed = {"cron.service", "dbus.service", "systemd-journald.service", "systemd-logind.service"}
        self.assertIn("cron.service", running)
        self.assertLessEqual({unit for unit in running if not unit.startswith(("serve", "user", "greeter"))}, allowed)

    def test_exec_passes_the_exit_code_streams_arguments_and_environment(self):
        self.assertEqual(self.web1.run("exit 41", check=False).code, 41)
        self.assertEqual(self.web1.run("kill -9 $$", check=False).code, 137)
        self.assertEqual(self.web1.run(["no-such-program"], check=False).code, 127)
        result = self.web1.run(["sh", "-c", 'cat; echo "$1|$HOME|$EXTRA"; echo e >&2', "sh", "[ a, b ] --name x"],
                               input="in\n", env={"EXTRA": "more = [1,2]"})
        self.assertEqual((result.out, result.err), ("in\n[ a, b ] --name x|/root|more = [1,2]\n", "e\n"))

    def test_exec_takes_its_command_along_when_it_is_ended(self):
        for signum in (signal.SIGTERM, signal.SIGKILL):
            with self.web1.popen(["sleep", "4321"]) as command:
                wait_until(lambda: self.web1.run("pgrep -x sleep", check=False).code == 0, 10, "sleep to start")
                command.send_signal(signum)
                command.wait(timeout=10)
            wait_until(lambda: self.web1.run("pgrep -x sleep", check=False).code != 0, 10, "sleep to end")
            self.assertEqual(self.web1.state, "running")

    def test_exec_gives_no_more_power_than_the_host_has(self):
        self.assertNotEqual(self.web1.run(["date", "-s", "2001-01-01"], check=False).code, 0)
        # CAP_SYS_MODULE and CAP_SYS_TIME, bits 16 and 25.
        bounding = int(self.web1.run("grep CapBnd /proc/self/status").out.split()[1], 16)
        self.assertEqual(bounding & ((1 << 16) | (1 << 25)), 0)

    def test_files_go_in_and_out_unchanged(self):
        content = bytes(range(256)) * 100
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(f"{folder}/tree/sub")
            with open(f"{folder}/tree/sub/file", "wb") as file:
                file.write(content)
            os.chmod(f"{folder}/tree/sub/file", 0o750)
            self.web1.put(f"{folder}/tree", "/opt/put/tree")
        self.assertEqual(self.web1.run("stat -c %a /opt/put/tree/sub/file").out, "750\n")
        self.assertEqual(self.web1.run(["cat", "/opt/put/tree/sub/file"], input=b"").out, content)
        self.web1.write_file("/opt/put/text", "ü\n", mode="0600")
        self.assertEqual(self.web1.read_file("/opt/put/text"), "ü\n")
        self.assertFalse(os.path.exists("/opt/put"), "the machine's own files must not change")

    def test_a_host_can_watch_files_as_a_real_one_can(self):
        script = ("import ctypes,os;c=ctypes.CDLL(None,use_errno=True);"
                  "f=c.fanotify_init(0,os.O_RDONLY);assert f>=0,ctypes.get_errno();"
                  "assert c.fanotify_mark(f,1|0x100,ctypes.c_uint64(8),-100,b'/')==0,ctypes.get_errno()")
        self.web1.run(["systemd-run", "--wait", "--pipe", "-q", "/usr/bin/python3", "-c", script])

    def test_the_machines_fettle_is_not_in_the_hosts(self):
        for path in ("/etc/fettle", "/var/lib/fettle", "/usr/sbin/policy-rc.d"):
            self.assertFalse(self.web1.exists(path), path)

    def test_up_adds_what_is_missing_and_leaves_the_rest(self):
        pids = {host["name"]: host["pid"] for host in self.lab.list()["hosts"]}
        self.lab.up("web1", "extra1")
        self.addCleanup(self.lab.fettle, "down", "extra1")
        after = {host["name"]: host["pid"] for host in self.lab.list()["hosts"]}
        self.assertIn("extra1", after)
        self.assertEqual({name: after[name] for name in pids}, pids)

    def test_binds_show_a_folder_of_the_machine_read_only(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/built", "w", encoding="ascii") as file:
                file.write("just now\n")
            self.lab.fettle("up", "--bind", f"{folder}:/opt/built", "bound1")
            self.addCleanup(self.lab.fettle, "down", "bound1")
            host = self.lab.host("bound1")
            self.assertEqual(host.read_file("/opt/built/built"), "just now\n")
            self.assertNotEqual(host.run("touch /opt/built/x", check=False).code, 0)

    def test_errors_say_what_to_do(self):
        missing = self.lab.fettle("exec", "nobody", "--", "true", check=False)
        self.assertEqual(missing.code, 1)
        self.assertIn(f"lab {self.lab.name} has no host nobody", missing.err)
        bad = self.lab.fettle("up", "../etc", check=False)
        self.assertEqual(bad.code, 1)
        self.assertIn('host "../etc"', bad.err)
        user = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", fettle_binary(), "lab", "up"],
                              capture_output=True, text=True, check=False)
        self.assertEqual((user.returncode, "root" in user.stderr), (1, True), user.stderr)


class FailingHosts(unittest.TestCase):
    def test_cut_silences_a_host_and_join_brings_it_back(self):
        with Lab(hosts=2, title="cut") as lab:
            first, second = lab.hosts
            serve(second)
            wait_until(lambda: first.can_connect(second.address, 7000), 30, "the server")
            second.cut()
            self.assertTrue(second.status()["cut"])
            self.assertFalse(first.can_connect(second.address, 7000))
            self.assertEqual(second.run("cat /sys/class/net/host0/carrier").out, "0\n")
            second.kill()
            second.boot()
            self.assertEqual(second.run("cat /sys/class/net/host0/carrier").out, "0\n", "cut outlasts a boot")
            second.join()
            serve(second)
            wait_until(lambda: first.can_connect(second.address, 7000), 30, "the server again")

    def test_power_loss_keeps_files_ends_processes_and_tells_no_one(self):
        with Lab(hosts=1, title="kill") as lab:
            host = lab.hosts[0]
            host.write_file("/etc/kept", "kept\n")
            host.write_file("/run/lost", "lost\n")
            with socket.create_server((lab.gateway, 0)) as server:
                port = server.getsockname()[1]
                with host.popen(["bash", "-c", f"exec 3<>/dev/tcp/{lab.gateway}/{port}; echo hi >&3; sleep 999"],
                                stderr=subprocess.DEVNULL):
                    peer, _ = server.accept()
                    self.assertEqual(peer.recv(3), b"hi\n")
                    host.kill()
                    self.assertEqual(host.state, "off")
                peer.settimeout(1)
                with peer, self.assertRaises(TimeoutError, msg="a host without power closes no connection"):
                    peer.recv(1)
            self.assertNotEqual(host.run(["true"], check=False).code, 0)
            host.boot()
            self.assertEqual(host.state, "running")
            self.assertEqual(host.read_file("/etc/kept"), "kept\n")
            self.assertFalse(host.exists("/run/lost"))

    def test_a_reboot_from_within_finds_its_network_again(self):
        with Lab(hosts=1, title="reboot") as lab:
            host = lab.hosts[0]
            host.reboot()
            with socket.create_server((lab.gateway, 0)) as server:
                self.assertTrue(host.can_connect(lab.gateway, server.getsockname()[1]))


class Packages(unittest.TestCase):
    def test_a_package_of_a_local_repository_installs_and_its_service_runs(self):
        with Lab(hosts=1, title="apt") as lab, tempfile.TemporaryDirectory() as folder:
            host = lab.hosts[0]
            repo = AptRepo(folder)
            repo.build("greeter-data", "1.0", {"/etc/greeter.conf": "greeting=hello\n"},
                       conffiles=["/etc/greeter.conf"])
            repo.build("greeter", "1.0", {"/usr/bin/greeter": (SERVER, 0o755)}, depends="greeter-data (>= 1.0)",
                       units={"greeter.service": SERVER_UNIT},
                       scripts={"postinst": "echo configured > /var/lib/greeter\n"})
            repo.install_into(host)
            host.run("DEBIAN_FRONTEND=noninteractive apt-get install -y greeter")
            host.wait_for_unit("greeter.service")
            self.assertEqual(host.run("systemctl is-enabled greeter").out, "enabled\n")
            self.assertEqual(host.read_file("/var/lib/greeter"), "configured\n")
            self.assertEqual(host.run("dpkg-query -W -f '${db:Status-Status} ${Version}' greeter-data").out,
                             "installed 1.0")
            repo.build("greeter", "2.0", {"/usr/bin/greeter": (SERVER, 0o755)}, units={"greeter.service": SERVER_UNIT})
            repo.install_into(host)
            host.run("apt-get install -y greeter=2.0")
            host.run("apt-get purge -y greeter")
            self.assertNotEqual(host.unit_state("greeter.service"), "active")


class Removal(unittest.TestCase):
    def test_down_leaves_nothing_and_can_be_repeated(self):
        lab = Lab(hosts=2, title="down")
        with lab:
            lab.hosts[0].kill()
            self.assertTrue(lab.leftovers(), "the check below would see what is left")
            inside = lab.hosts[1].popen(["sleep", "999"])
        inside.wait(timeout=10)
        self.assertEqual(lab.leftovers(), [])
        lab.down()

    def test_down_removes_one_host_and_keeps_the_others(self):
        with Lab(hosts=2, title="one") as lab:
            lab.fettle("down", "host1")
            self.assertEqual([(host.name, host.state) for host in lab.hosts], [("host2", "running")])

    def test_down_cleans_up_after_an_up_that_was_killed_at_any_point(self):
        for seconds in (0.002, 0.01, 0.02, 0.03, 0.05, 0.08, 0.15, 0.4, 1.0):
            lab = Lab(hosts=3, title="crash")
            up = subprocess.Popen([fettle_binary(), "lab", "up", "--name", lab.name, "--hosts", "3"],
                                  stdout=subprocess.DEVNULL)
            with self.subTest(killed_after=seconds):
                time.sleep(seconds)
                up.kill()
                up.wait()
                number = number_of(lab)
                lab.down()
                self.assertEqual(leftovers(lab.name, number), [])

    def test_up_repairs_what_a_killed_up_left(self):
        lab = Lab(hosts=2, title="repair")
        self.addCleanup(lab.down)
        up = subprocess.Popen([fettle_binary(), "lab", "up", "--name", lab.name, "--hosts", "2"],
                              stdout=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(f"{STATE_FOLDER}/{lab.name}/host1/disk"), 10, "the first host's folder")
        up.kill()
        up.wait()
        lab.up("host1", "host2")
        self.assertEqual([host.state for host in lab.hosts], ["running", "running"])

    def test_two_labs_at_once_do_not_see_each_other(self):
        with Lab(hosts=1, title="a") as one, Lab(hosts=1, title="b") as two:
            self.assertNotEqual(one.gateway, two.gateway)
            self.assertNotEqual(one.list()["bridge"], two.list()["bridge"])
            serve(two.hosts[0])
            wait_until(lambda: two.hosts[0].can_connect("127.0.0.1", 7000), 30, "the server")
            self.assertFalse(one.hosts[0].can_connect(two.hosts[0].address, 7000))

    def test_a_test_that_is_terminated_takes_its_lab_along(self):
        script = ("import sys, time; sys.path.insert(0, sys.argv[1]); from labhost import Lab\n"
                  "with Lab(title='term') as lab: print(lab.name, flush=True); time.sleep(999)")
        test = subprocess.Popen(["python3", "-c", script, os.path.dirname(os.path.abspath(__file__))],
                                stdout=subprocess.PIPE, text=True)
        with test:
            name = test.stdout.readline().strip()
            self.assertTrue(leftovers(name))
            test.terminate()
            test.wait(timeout=60)
        self.assertEqual(leftovers(name), [])


if __name__ == "__main__":
    unittest.main()
