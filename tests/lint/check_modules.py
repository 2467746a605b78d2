#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every folder of modules/ is a whole resource type: code, schema, test and page."""
import tree as project
from tree import Finding

# What a resource type X consists of; {x} is the folder's name.
PARTS = ("CMakeLists.txt", "README.md", "schema.cc", "{x}.h", "{x}.cc", "{x}_test.cc",
         "{x}_contract_test.cc")
MIN_README_LINES = 5


def check(tree):
    findings = []
    paths = [p.split("/") for p in tree.paths() if p.startswith("modules/")]
    for name in sorted({parts[1] for parts in paths if len(parts) > 2}):
        folder = f"modules/{name}"
        for part in PARTS:
            path = f"{folder}/{part.format(x=name)}"
            if not tree.has(path):
                findings.append(Finding(path, 1, "missing; a resource type has " + ", ".join(
                    p.format(x=name) for p in PARTS)))
        readme = f"{folder}/README.md"
        if tree.has(readme) and tree.read(readme).count("\n") < MIN_README_LINES:
            findings.append(Finding(readme, 1, "says too little: purpose, a recipe, what it never does"))
    return findings


if __name__ == "__main__":
    project.run(check)
