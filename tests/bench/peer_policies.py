# SPDX-License-Identifier: Apache-2.0
"""The workloads W1 to W3, said in the words of each program that tests/bench/peers compares.

Each class has: name, the exit codes of a run that changes things, and for each workload a method that writes the policy
and answers the command that applies it. Idioms: every file a resource of its own (Ansible, for which that takes minutes
a thousand: one copy of a directory); packages as a list where there is one.
"""

import shutil
import time

import fettle_workloads


def content(i):
    head = f"file {i} of the workload\n"
    return head + "x" * (199 - len(head)) + "\n"


class Peer:
    name = ""
    changed = (0,)

    def __init__(self, overlay):
        self.overlay = overlay
        self.folder = overlay.work / "policies" / type(self).__name__.lower()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def inside(self, path):
        return "/bench/" + str(path.relative_to(self.overlay.work))

    def forget(self):
        """Before a converge from nothing: what earlier runs left in its own state."""

    def settle(self, argv):
        """Runs so that there is nothing to do after it."""
        self.overlay.measure(argv, (0, *self.changed))


class Fettle(Peer):
    name = "Fettle"
    changed = (2,)

    def forget(self):
        shutil.rmtree(self.folder / "state", ignore_errors=True)

    def settle(self, argv):
        super().settle(argv)
        time.sleep(2)  # What is younger is not trusted to stay as it is, and read again.
        super().settle(argv)

    def tree(self, name, recipe, templates=()):
        tree = self.folder / name
        (tree / "recipes/bench/templates").mkdir(parents=True)
        (tree / "fleet.lua").write_text('include "bench"\n')
        (tree / "recipes/bench/init.lua").write_text(recipe)
        for path, text in templates:
            (tree / "recipes/bench/templates" / path).write_text(text)
        return ["/opt/fettle/fettle", "apply", self.inside(tree), "--state-dir", self.inside(self.folder / "state")]

    def w1(self, target, count):
        return self.tree(f"w1-{count}", fettle_workloads.w1(target, count))

    def w2(self, packages):
        return self.tree("w2", fettle_workloads.w2(packages))

    def w3(self, base, packages, users, groups):
        return self.tree("w3", fettle_workloads.w3(base, packages, users, groups),
                         [("page", fettle_workloads.PAGE_TEMPLATE)])


class Cfengine(Peer):
    name = "CFEngine, without locks"
    STATE = "/var/lib/cfengine3"
    SHARE = "/usr/share/cfengine3/masterfiles"

    def __init__(self, overlay):
        super().__init__(overlay)
        # What its update policy would do: the package module in its place.
        overlay.run(["sh", "-c", f"mkdir -p {self.STATE}/modules/packages && cp "
                     f"{self.SHARE}/modules/packages/vendored/apt_get.mustache {self.STATE}/modules/packages/apt_get && "
                     f"chmod 755 {self.STATE}/modules/packages/apt_get"])

    def policy(self, name, body):
        path = self.folder / f"{name}.cf"
        path.write_text('body common control { bundlesequence => { "main" }; }\n' + body)
        path.chmod(0o600)
        return ["/usr/sbin/cf-agent" if (self.overlay.root / "usr/sbin/cf-agent").exists() else "/usr/bin/cf-agent",
                "-K", "-f", self.inside(path)]

    PERMS = 'body perms p { mode => "0644"; owners => { "root" }; }\n'
    MODULE = ('body package_module apt_get { query_installed_ifelapsed => "60"; query_updates_ifelapsed => "1440"; '
              'interpreter => "/usr/bin/python3"; }\n')

    def w1(self, target, count):
        files = "\n".join(f'"{target}/f{i}" create => "true", content => "{content(i)}", perms => p;' for i in range(count))
        return self.policy(f"w1-{count}", self.PERMS + f"bundle agent main {{ files:\n{files}\n}}\n")

    @staticmethod
    def packages(names):
        return "packages:\n" + "\n".join(
            f'"{name}" policy => "present", package_module => apt_get;' for name in names) + "\n"

    def w2(self, packages):
        return self.policy("w2", self.MODULE + f"bundle agent main {{ {self.packages(packages)} }}\n")

    def w3(self, base, packages, users, groups):
        (self.folder / "page.mustache").write_text("page {{n}}\n")
        files = [f'"{base}/d{i}/." create => "true", perms => d;' for i in range(20)]
        files += [f'"{base}/file{i}" create => "true", content => "content of {i}\n";' for i in range(40)]
        files += [f'"{base}/template{i}" create => "true", edit_template => "{self.inside(self.folder)}/page.mustache", '
                  f"template_method => \"mustache\", template_data => parsejson('{{\"n\": {i}}}');" for i in range(10)]
        files += [f'"{base}/link{i}" link_from => l("{base}/file{i}");' for i in range(10)]
        lines = ", ".join(f'"key{i} = {i}"' for i in range(20))
        files += [f'"{base}/lines" create => "true", edit_line => lines;']
        classes = [f'"ok{i}" expression => returnszero("/bin/true", "noshell");' for i in range(20)]
        commands = [f'"/bin/true" if => "!ok{i}", handle => "guarded{i}";' for i in range(20)]
        return self.policy("w3", self.MODULE + """
body perms d { mode => "0755"; }
body link_from l(x) { source => "$(x)"; link_type => "symlink"; }
bundle edit_line lines { vars: "all" slist => { """ + lines + """ }; insert_lines: "$(all)"; }
bundle agent main {
classes:
""" + "\n".join(classes) + "\nfiles:\n" + "\n".join(files) + "\nusers:\n" + "\n".join(
            f'"{name}" policy => "present";' for name in users) + "\n" + self.packages(packages)
            + "commands:\n" + "\n".join(commands) + "\n}\n")


class Puppet(Peer):
    name = "Puppet"
    changed = (2,)

    def policy(self, name, body):
        path = self.folder / f"{name}.pp"
        path.write_text(body)
        return ["/usr/bin/puppet", "apply", "--detailed-exitcodes", "--log_level", "warning",
                "--modulepath", "/usr/share/puppet/modules.available:/usr/share/puppet/modules", self.inside(path)]

    def w1(self, target, count):
        return self.policy(f"w1-{count}", "\n".join(
            f"file {{ '{target}/f{i}': ensure => file, content => '{content(i)}', mode => '0644', owner => 'root' }}"
            for i in range(count)))

    def w2(self, packages):
        return self.policy("w2", "\n".join(f"package {{ '{name}': ensure => installed }}" for name in packages))

    def w3(self, base, packages, users, groups):
        (self.folder / "page.epp").write_text("<%- | Integer $n | -%>\npage <%= $n %>\n")
        page = self.inside(self.folder / "page.epp")
        parts = [f"file {{ '{base}': ensure => directory }}"]
        parts += [f"file {{ '{base}/d{i}': ensure => directory, mode => '0755' }}" for i in range(20)]
        parts += [f"file {{ '{base}/file{i}': ensure => file, content => 'content of {i}\n' }}" for i in range(40)]
        parts += [f"file {{ '{base}/template{i}': ensure => file, content => epp('{page}', {{ 'n' => {i} }}) }}"
                  for i in range(10)]
        parts += [f"file {{ '{base}/link{i}': ensure => link, target => 'file{i}' }}" for i in range(10)]
        parts += [f"file {{ '{base}/lines': ensure => file }}"]
        parts += [f"file_line {{ 'l{i}': path => '{base}/lines', line => 'key{i} = {i}' }}" for i in range(20)]
        parts += [f"package {{ '{name}': ensure => installed }}" for name in packages]
        parts += [f"user {{ '{name}': ensure => present }}" for name in users]
        parts += [f"group {{ '{name}': ensure => present }}" for name in groups]
        parts += [f"exec {{ 'guarded{i}': command => '/bin/false', unless => '/bin/true' }}" for i in range(20)]
        return self.policy("w3", "\n".join(parts))


class Ansible(Peer):
    name = "Ansible, its best idiom"

    def play(self, name, tasks):
        path = self.folder / f"{name}.yml"
        path.write_text("- hosts: all\n  gather_facts: false\n  tasks:\n" + "".join(f"  - {task}\n" for task in tasks))
        return ["/usr/bin/ansible-playbook", "-i", "localhost,", "-c", "local", self.inside(path)]

    def w1(self, target, count):
        source = self.folder / f"files-{count}"
        source.mkdir()
        for i in range(count):
            (source / f"f{i}").write_text(content(i))
        return self.play(f"w1-{count}", [
            f'copy: {{src: "{self.inside(source)}/", dest: "{target}/", mode: "0644", owner: root}}'])

    def w2(self, packages):
        return self.play("w2", [f"apt: {{name: [{', '.join(packages)}], state: present}}"])

    def w3(self, base, packages, users, groups):
        (self.folder / "page.j2").write_text("page {{ item }}\n")
        loop = "\n    loop: \"{{ range(0, %d) | list }}\""

        def names(all_of):
            return "\n    loop: [" + ", ".join(all_of) + "]"

        return self.play("w3", [
            f'file: {{path: "{base}", state: directory}}',
            f'file: {{path: "{base}/d{{{{ item }}}}", state: directory, mode: "0755"}}' + loop % 20,
            f'copy: {{dest: "{base}/file{{{{ item }}}}", content: "content of {{{{ item }}}}\\n"}}' + loop % 40,
            f'template: {{src: "{self.inside(self.folder)}/page.j2", dest: "{base}/template{{{{ item }}}}"}}' + loop % 10,
            f'file: {{path: "{base}/link{{{{ item }}}}", src: "file{{{{ item }}}}", state: link}}' + loop % 10,
            f'lineinfile: {{path: "{base}/lines", create: true, line: "key{{{{ item }}}} = {{{{ item }}}}"}}' + loop % 20,
            f"apt: {{name: [{', '.join(packages)}], state: present}}",
            'user: {name: "{{ item }}"}' + names(users),
            'group: {name: "{{ item }}"}' + names(groups),
            "command: {argv: [/bin/true]}\n    changed_when: false" + loop % 20,
        ])
