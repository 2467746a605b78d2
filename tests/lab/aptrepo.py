# SPDX-License-Identifier: Apache-2.0
"""A small apt repository of packages that a test builds itself, for hosts without a network.

    repo = AptRepo(folder)
    repo.build("hello", "1.0", files={"/usr/share/hello/text": "hi\\n"})
    repo.install_into(host)          # now its only source; apt-get update has run
    host.run("apt-get install -y hello")
"""
import os
import shlex
import subprocess

from labhost import LabError

REPO_IN_HOST = "/srv/apt-repo"

_START_UNIT = """
if [ "$1" = configure ]; then
  deb-systemd-helper unmask {unit} >/dev/null || true
  if deb-systemd-helper --quiet was-enabled {unit}; then
    deb-systemd-helper enable {unit} >/dev/null || true
  fi
  if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    deb-systemd-invoke restart {unit} >/dev/null || true
  fi
fi
"""
_STOP_UNIT = """
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop {unit} >/dev/null || true
fi
"""
_FORGET_UNIT = """
if [ -d /run/systemd/system ]; then systemctl --system daemon-reload >/dev/null || true; fi
if [ "$1" = purge ]; then deb-systemd-helper purge {unit} >/dev/null || true; fi
"""


def _run(argv, **options):
    done = subprocess.run(argv, capture_output=True, check=False, **options)
    if done.returncode != 0:
        raise LabError(f"{shlex.join(argv)}: exit code {done.returncode}: {done.stderr!r}")
    return done.stdout


def _write(path, content, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    os.chmod(path, mode)


def build_deb(folder, name, version, files=None, *, depends="", conffiles=(), units=None, scripts=None,
              architecture="all", fields=None):
    """Builds folder/NAME_VERSION_ARCH.deb and returns its path.

    files: path -> text or bytes, or (content, mode). conffiles: which of them dpkg treats as such.
    units: unit name -> text; enabled, started on configure and stopped on removal, as debhelper does it.
    scripts: "preinst", "postinst", "prerm", "postrm" -> shell lines, before those of the units.
    fields: further control fields, such as {"Conflicts": "other"}.
    """
    root = os.path.join(folder, f"{name}-{version}.build")
    for path, content in (files or {}).items():
        content, mode = content if isinstance(content, tuple) else (content, 0o644)
        _write(root + path, content, mode)
    maintainer = dict(scripts or {})
    for unit, text in (units or {}).items():
        _write(f"{root}/lib/systemd/system/{unit}", text)
        for script, lines in (("postinst", _START_UNIT), ("prerm", _STOP_UNIT), ("postrm", _FORGET_UNIT)):
            maintainer[script] = maintainer.get(script, "") + lines.format(unit=unit)
    control = {"Package": name, "Version": version, "Architecture": architecture, "Section": "misc",
               "Priority": "optional", "Maintainer": "Tests <tests@example.com>",
               **({"Depends": depends} if depends else {}), **(fields or {}),
               "Description": f"package {name} of a test"}
    _write(f"{root}/DEBIAN/control", "".join(f"{key}: {value}\n" for key, value in control.items()))
    if conffiles:
        _write(f"{root}/DEBIAN/conffiles", "".join(f"{path}\n" for path in conffiles))
    for script, lines in maintainer.items():
        _write(f"{root}/DEBIAN/{script}", f"#!/bin/sh\nset -e\n{lines}", 0o755)
    target = os.path.join(folder, f"{name}_{version}_{architecture}.deb")
    _run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", root, target])
    _run(["rm", "-r", root])
    return target


class AptRepo:
    """A flat repository in a folder of this machine."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def build(self, name, version, files=None, **options):
        """build_deb() into this repository; install_into() makes it known."""
        return build_deb(self.folder, name, version, files, **options)

    def index(self):
        packages = _run(["apt-ftparchive", "packages", "."], cwd=self.folder)
        _write(os.path.join(self.folder, "Packages"), packages)
        release = _run(["apt-ftparchive", "-o", "APT::FTPArchive::Release::Origin=fettle-tests",
                        "-o", "APT::FTPArchive::Release::Suite=tests", "release", "."], cwd=self.folder)
        _write(os.path.join(self.folder, "Release"), release)

    def install_into(self, host):
        """Copies the repository into the host, makes it the only source there and updates apt's lists. Call it again
        after build() to publish more."""
        self.index()
        host.put(self.folder, REPO_IN_HOST)
        host.run(["chmod", "-R", "a+rX", REPO_IN_HOST])  # apt reads it as a user of its own.
        host.run("find /etc/apt/sources.list.d -type f -delete; rm -f /etc/apt/sources.list")
        host.write_file("/etc/apt/sources.list.d/tests.list", f"deb [trusted=yes] file:{REPO_IN_HOST} ./\n")
        host.run("apt-get update -q")
