#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""C++ as .clang-format has it. `clang-format -i FILE` puts a file right."""
import re
import shutil
import subprocess
import sys

import tree as project
from tree import Finding

ERROR = re.compile(r"^(.*?):(\d+):\d+: error: code should be clang-formatted", re.MULTILINE)


def find(root, paths):
    """Findings for `paths` under `root`, one a file."""
    findings = {}
    for start in range(0, len(paths), 50):
        result = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths[start:start + 50]],
                                cwd=root, capture_output=True, text=True, check=False)
        for path, line in ERROR.findall(result.stderr):
            findings.setdefault(path, Finding(path, int(line), f"run clang-format -i {path}"))
        if result.returncode != 0 and not findings:
            sys.exit(f"clang-format failed: {result.stderr}")
    return list(findings.values())


if __name__ == "__main__":
    if not shutil.which("clang-format"):
        sys.exit("clang-format is not installed: packaging/install-build-deps --check brings it")
    project.run(lambda tree: find(project.ROOT, tree.paths(*project.CPP)), project.CPP)
