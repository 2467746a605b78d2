# SPDX-License-Identifier: Apache-2.0
"""The workloads W1 to W3 as recipes of Fettle, for run.py and for the comparison with its peers."""

PAGE_TEMPLATE = "page <%= vars.n %>\n"


def w1(target, count):
    return f"""
local pad = string.rep("x", 200)
for i = 0, {count - 1} do
  local head = "file " .. i .. " of the workload\\n"
  file("{target}/f" .. i) {{ content = head .. pad:sub(1, 199 - #head) .. "\\n", mode = "0644", owner = "root" }}
end
"""


def w2(packages):
    return "\n".join(f'package "{name}"' for name in packages) + "\n"


def w3(base, packages, users, groups):
    """Needs the template "page", which is PAGE_TEMPLATE."""
    parts = [f'directory "{base}"']
    parts += [f'directory "{base}/d{i}" {{ mode = "0755" }}' for i in range(20)]
    parts += [f'file "{base}/file{i}" {{ content = "content of {i}\\n" }}' for i in range(40)]
    parts += [f'file "{base}/template{i}" {{ template = "page", vars = {{ n = {i} }} }}' for i in range(10)]
    parts += [f'link "{base}/link{i}" {{ target = "file{i}" }}' for i in range(10)]
    parts += [f'file "{base}/lines" {{ content = "", replace = false }}']
    parts += [f'line "l{i}" {{ path = "{base}/lines", line = "key{i} = {i}" }}' for i in range(20)]
    parts += [f'package "{name}"' for name in packages]
    parts += [f'user "{name}"' for name in users] + [f'group "{name}"' for name in groups]
    parts += [f'exec "guarded{i}" {{ command = {{ "/bin/true" }}, check = {{ "/bin/true" }} }}' for i in range(20)]
    return "\n".join(parts) + "\n"
