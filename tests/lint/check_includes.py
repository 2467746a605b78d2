#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dependencies point one way: who may include whom, and which libraries stay where they are."""
import re

import tree as project
from tree import Finding

# Folder -> prefixes it may include besides itself. The longest matching folder decides.
ALLOWED = {
    "lib/base": (),
    "lib/digest": ("lib/base/",),
    "lib/filter": ("lib/base/",),
    "lib/log": ("lib/base/",),
    "lib/sys": ("lib/base/", "lib/digest/"),
    "lib/pki": ("lib/base/", "lib/digest/"),
    "lib/resource": ("lib/base/", "lib/digest/", "lib/sys/"),
    "lib/policy": ("lib/base/", "lib/digest/", "lib/pki/", "lib/sys/"),
    "lib/evidence": ("lib/base/", "lib/digest/", "lib/pki/"),
    "lib/compliance": ("lib/base/", "lib/resource/", "lib/policy/tree"),
    # Not lib/sys: a recipe cannot touch a machine.
    "lib/recipe": ("lib/base/", "lib/digest/", "lib/resource/", "lib/policy/tree"),
    "lib/wire": ("lib/base/", "lib/digest/", "lib/resource/", "lib/policy/", "fettle/v1/"),
    "lib/export": ("lib/base/", "lib/digest/", "lib/resource/", "lib/wire/", "fettle/v1/"),
    "modules": ("lib/base/", "lib/digest/", "lib/sys/", "lib/resource/"),
    "agent": ("lib/", "modules/types.h", "modules/schemas.h"),
    "agent/link": ("lib/", "agent/", "fettle/v1/"),
    # Schemas, not types: the server links nothing that touches a machine.
    "server": ("lib/", "modules/schemas.h", "fettle/v1/"),
    # Below the parts that serve: they ask it, it asks none of them.
    "server/notify": ("lib/", "server/config/", "server/store/", "server/fleet/", "server/compliance/"),
    "server/schedule": ("lib/", "server/config/", "server/store/", "server/fleet/", "server/compliance/",
                        "server/reports/", "server/notify/", "fettle/v1/"),
    "server/siem": ("lib/", "server/config/", "server/store/", "server/fleet/", "server/reports/",
                    "server/notify/backoff.h", "fettle/v1/"),
    "cli": ("lib/", "modules/types.h", "modules/schemas.h", "fettle/v1/", "agent/engine/", "agent/plans/", "agent/journal/", "agent/facts/", "agent/undo/", "agent/control/"),
    "tests": ("",),
}

# What includes a header that matches -> the only folders that may, and why.
CONTAINED = (
    (r"openssl/", ("lib/pki/", "lib/digest/", "tests/"), "OpenSSL stops at lib/pki and lib/digest"),
    (r"(lua\.hpp|lua|lauxlib|lualib|luaconf)(\.h)?$", ("lib/recipe/", "tests/"),
     "Lua stops at lib/recipe"),
    (r"curl/", ("lib/sys/", "server/notify/"), "libcurl stops at lib/sys and server/notify"),
    (r"nghttp2/", ("agent/link/",), "HTTP/2 is spoken by the agent's link alone"),
    (r"(fettle/v1|grpc|grpcpp|google/protobuf)/",
     ("lib/wire/", "lib/export/", "agent/link/", "server/", "cli/", "tests/"),
     "generated protobuf and gRPC stop at lib/wire, lib/export, agent/link, server and cli"),
)

OURS = ("lib/", "modules/", "agent/", "server/", "cli/", "tests/", "proto/", "fettle/v1/")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


def folder_of(path):
    """The entry of ALLOWED that `path` falls under, or None."""
    fits = [folder for folder in ALLOWED if path.startswith(folder + "/")]
    return max(fits, key=len, default=None)


def module_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "modules" and len(parts) > 2 else None


def edge_problem(path, target):
    """Why `path` may not include our header `target`, or None."""
    if target.startswith("tests/"):
        return None if project.is_test(path) else "only tests include tests/"
    folder = folder_of(path)
    if folder is None or target.startswith(folder + "/") and folder != "modules":
        return None
    if folder == "modules" and target.startswith("modules/"):
        return _module_problem(path, target)
    if target.startswith(ALLOWED[folder]):
        return None
    return f"{folder} may not include {target}"


def _module_problem(path, target):
    own = module_of(path)
    if own is None or module_of(target) in (own, None):
        return None
    return f"a resource type may not include another: {target}"


def _own_header_problem(tree, path, first):
    header = path[:-len(".cc")] + ".h"
    if path.endswith(".cc") and tree.has(header) and first != header:
        return f"the first include is its own header, {header}"
    return None


def check(tree):
    findings = []
    for path in tree.paths(*project.CPP):
        code = project.strip_comments(tree.read(path), keep_strings=True)
        lines = project.Lines(code)
        first = None
        for match in INCLUDE.finditer(code):
            style, target = match.groups()
            first = first or target
            for problem in _problems(path, style, target):
                findings.append(Finding(path, lines.at(match.start()), problem))
        if first and (problem := _own_header_problem(tree, path, first)):
            findings.append(Finding(path, 1, problem))
    return findings


def _problems(path, style, target):
    for pattern, folders, reason in CONTAINED:
        if re.match(pattern, target) and not path.startswith(folders):
            yield f"{reason}; it may not include <{target}>"
            return
    if target.startswith(OURS):
        if problem := edge_problem(path, target):
            yield problem
        if style == "<":
            yield f'write "{target}": angle brackets are for headers that are not ours'
    elif style == '"' and "/" not in target or target.startswith("."):
        yield f'"{target}": includes are paths from the root of the repository'


if __name__ == "__main__":
    project.run(check, project.CPP)
