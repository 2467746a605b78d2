#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`fettle plan`, `apply`, `lint`, `inspect`, `doc`, `init` as a user runs them, on files in a temporary folder.

FETTLE_BIN is the program. Root only (apply changes owners); touches nothing outside its folder.
"""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

FETTLE = os.environ["FETTLE_BIN"]


def snapshot(folder):
    """Every path below with what a write would change."""
    found = {}
    for top, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(top, name)
            stat = os.lstat(path)
            found[path] = (stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_mode, stat.st_size)
    return found


class Local(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="fettle-local-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.target = os.path.join(self.folder, "target")
        self.state = os.path.join(self.folder, "state")
        self.tree = os.path.join(self.folder, "tree")
        os.mkdir(self.target)

    def write(self, files):
        shutil.rmtree(self.tree, ignore_errors=True)
        for path, content in files.items():
            full = os.path.join(self.tree, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())

    def recipe(self, text, **files):
        self.write({"fleet.lua": 'include "a"\n', "recipes/a/init.lua": text.replace("TARGET", self.target), **files})

    def run_fettle(self, *arguments, code):
        done = subprocess.run([FETTLE, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    def plan(self, code, *more):
        return self.run_fettle("plan", self.tree, "--state-dir", self.state, *more, code=code)

    def apply(self, code, *more):
        return self.run_fettle("apply", self.tree, "--state-dir", self.state, *more, code=code)

    def test_plan_then_apply_then_nothing(self):
        self.recipe('directory "TARGET/d" { mode = "0750" }\nfile "TARGET/d/f" { content = "one\\n", mode = "0640" }\n'
                    'link "TARGET/d/l" { target = "f" }\n')
        before = snapshot(self.target)
        planned = self.plan(2)
        self.assertIn("file:", planned.stdout)
        self.assertIn("+one", planned.stdout)
        self.assertEqual(snapshot(self.target), before, "a plan changes nothing")
        before = snapshot(self.folder)
        self.plan(2, "--no-keep")
        self.assertEqual(snapshot(self.folder), before, "a plan that is not kept writes nothing at all")
        self.apply(2)
        self.assertEqual(open(f"{self.target}/d/f").read(), "one\n")
        self.assertEqual(os.stat(f"{self.target}/d/f").st_mode & 0o7777, 0o640)
        before = snapshot(self.target)
        self.apply(0)
        self.plan(0)
        self.assertEqual(snapshot(self.target), before, "no change means no write")

    def planned(self):
        """Plans, keeping the plan; the plan of the JSON output."""
        return json.loads(self.plan(2, "-o", "json").stdout)["plan"]

    def carry_out(self, plan, code):
        done = self.run_fettle("apply", "--plan", plan["id"][:12], "--state-dir", self.state, "-o", "json", code=code)
        return {one["id"].split("/")[-1]: one for one in json.loads(done.stdout)["resources"]}

    def test_a_kept_plan_is_carried_out_exactly(self):
        self.recipe('directory "TARGET/d" { mode = "0750" }\nfile "TARGET/d/f" { content = "one\\n" }\n'
                    'file "TARGET/src" { source = "a.txt" }\n'
                    'exec "touch" { command = { "/usr/bin/touch", "TARGET/t" }, creates = "TARGET/t" }',
                    **{"recipes/a/files/a.txt": "from the tree\n"})
        plan = self.planned()
        self.assertEqual(plan["opaque"], 1)
        steps = {step["id"].split("/")[-1]: step for step in plan["steps"]}
        self.assertEqual(steps["f"]["confidence"], "predicted")
        self.assertTrue(steps["exec:touch"]["opaque"])
        self.assertIn(plan["id"][:12], self.run_fettle("plans", "--state-dir", self.state, code=0).stdout)
        shown = self.run_fettle("plan", "--show", plan["id"][:8], "--state-dir", self.state, code=0).stdout
        self.assertIn(f"write {self.target}/d/f (4 bytes", shown)
        self.assertEqual(self.planned()["id"], plan["id"], "the same plan has the same id")
        shutil.rmtree(self.tree)  # The plan holds all that it needs.
        self.carry_out(plan, 2)
        self.assertEqual(open(f"{self.target}/d/f").read(), "one\n")
        self.assertEqual(open(f"{self.target}/src").read(), "from the tree\n")
        self.assertTrue(os.path.exists(f"{self.target}/t"))
        self.carry_out(plan, 0)

    def test_what_changed_since_the_plan_is_refused_with_its_dependents(self):
        with open(f"{self.target}/f", "w") as file:
            file.write("old\n")
        self.recipe('local f = file "TARGET/f" { content = "new\\n" }\nfile "TARGET/g" { content = "g", requires = f }\n'
                    'file "TARGET/h" { content = "h" }')
        plan = self.planned()
        with open(f"{self.target}/f", "w") as file:
            file.write("somebody else's\n")
        found = self.carry_out(plan, 6)
        self.assertEqual([found[name]["state"] for name in "fgh"], ["failed", "skipped", "changed"])
        self.assertIn("world changed since plan", found["f"]["error"])
        self.assertEqual(open(f"{self.target}/f").read(), "somebody else's\n")
        self.run_fettle("apply", "--plan", "0" * 12, "--state-dir", self.state, code=1)

    def test_drift_is_told_apart_from_an_intended_change(self):
        self.recipe('file "TARGET/f" { content = "one\\n" }')
        self.apply(2)
        with open(f"{self.target}/f", "w") as file:
            file.write("tampered\n")
        report = json.loads(self.apply(2, "-o", "json").stdout)
        self.assertEqual(report["resources"][0]["cause"], "drift")
        self.assertEqual(report["resources"][0]["state"], "changed")
        self.recipe('file "TARGET/f" { content = "two\\n" }')
        report = json.loads(self.apply(2, "-o", "json").stdout)
        self.assertEqual(report["resources"][0]["cause"], "intended")

    def test_a_failure_skips_its_dependents_alone_and_exit_codes_add_up(self):
        self.recipe('local bad = exec "bad" { command = { "/bin/false" }, creates = "TARGET/never" }\n'
                    'file "TARGET/dependent" { content = "x", requires = bad }\nfile "TARGET/other" { content = "y" }')
        self.apply(6)
        self.assertTrue(os.path.exists(f"{self.target}/other"))
        self.assertFalse(os.path.exists(f"{self.target}/dependent"))
        self.assertIn("exec:bad", self.apply(4).stdout)

    def test_audit_changes_nothing(self):
        self.recipe('file "TARGET/f" { content = "one\\n" }\nfile "TARGET/g" { content = "g", enforce = false }')
        before = snapshot(self.target)
        self.apply(2, "--audit")
        self.assertEqual(snapshot(self.target), before)
        self.apply(2)
        self.assertFalse(os.path.exists(f"{self.target}/g"))

    def test_a_secret_is_never_shown(self):
        self.recipe('file "TARGET/f" { content = "hunter2\\n", sensitive = true, mode = "0600" }')
        for done in (self.plan(2), self.apply(2)):
            self.assertNotIn("hunter2", done.stdout + done.stderr)
        with open(f"{self.target}/f", "a") as file:
            file.write("topsecret\n")
        for done in (self.plan(2), self.plan(2, "-o", "json"), self.apply(2)):
            self.assertNotIn("hunter2", done.stdout + done.stderr)
            self.assertNotIn("topsecret", done.stdout + done.stderr)

    def refused(self, *words):
        before = snapshot(self.target)
        done = self.plan(1)
        for word in words:
            self.assertIn(word, done.stderr)
        self.apply(1)
        self.assertEqual(snapshot(self.target), before, "bad input changes nothing")

    def test_bad_recipes_are_refused_with_place_and_reason(self):
        good = 'file "TARGET/good" { content = "x" }\n'
        for text, words in (
                ("file (", ("recipes/a/init.lua:2", "unexpected symbol")),
                ('file "TARGET/f" { contents = "x" }', ("init.lua:2", "contents", "did you mean", "content")),
                ('file "TARGET/f" { content = {} }', ("init.lua:2", "content")),
                ('file "TARGET/f" { content = "x", mode = 644 }', ("init.lua:2", "mode")),
                ('file "TARGET/f" { content = "x", after = "file:TARGET/g" }\n'
                 'file "TARGET/g" { content = "x", after = "file:TARGET/f" }', ("circle", "init.lua:2", "init.lua:3")),
                ('file "TARGET/f" { content = "x" }\nfile "TARGET//f" { content = "y" }', ("init.lua:2", "init.lua:3")),
                ('file "TARGET/f" { content = "x" }\nlink "TARGET/f" { target = "y" }', ("init.lua:2", "init.lua:3")),
                ('file "TARGET/f" { content = "x" }\nline "l" { path = "TARGET/f", line = "y" }',
                 ("init.lua:2", "init.lua:3", "manages all of")),
                ('line "l" { path = "/etc/cron.d/fettle-job", line = "y" }\ncron "job" { command = "true" }',
                 ("init.lua:2", "init.lua:3", "manages all of")),
                ('file "/etc/cron.d/fettle-job" { content = "x" }\ncron "job" { command = "true" }',
                 ("init.lua:2", "init.lua:3", "two resources manage")),
                ('directory "TARGET/f"\nfile "TARGET/f" { content = "x" }', ("init.lua:2", "init.lua:3")),
                ('user "u" { groups = {}, exact_groups = true }\ngroup "adm" { members = { "u" } }',
                 ("init.lua:2", "init.lua:3", "undo the other")),
                ('file "TARGET/f" { template = "missing" }', ("init.lua:2", "missing")),
                ('file "TARGET/f" { source = "missing" }', ("init.lua:2", "missing")),
                ('file "TARGET/a\\n~ file:/etc/forged" { content = "x" }', ("init.lua:2", "control character")),
                ('file "TARGET/f" { content = "x", only_if = {} }', ("init.lua:2", "only_if", "empty")),
                ('file "TARGET/f" { content = "x", schedule = "02:00" }', ("init.lua:2", "schedule")),
                ("while true do end", ("init.lua:2",)),
                ('local t = {} while true do t[#t + 1] = ("x"):rep(1000000) end', ("memory",)),
                ('local s = ("a"):rep(40); s:find(("a*"):rep(40) .. "b")', ("init.lua:2",)),
                ('assert(load("\\27Lua"))', ("init.lua:2",)),
                ("os.execute('true')", ("init.lua:2", "os")),
                ("undefined_name()", ("init.lua:2", "undefined_name")),
                ('for i = 1, 100001 do file("TARGET/x" .. i) { content = "" } end', ("100000",)),
        ):
            with self.subTest(text):
                self.recipe(good + text)
                self.refused(*words)

    def test_a_line_in_a_seeded_file_is_no_contradiction(self):
        self.recipe('file "TARGET/f" { content = "x\\n", replace = false }\nline "l" { path = "TARGET/f", line = "y" }')
        self.apply(2)
        self.apply(0)
        with open(f"{self.target}/f", encoding="utf-8") as file:
            self.assertEqual(file.read(), "x\ny\n")

    def test_the_mask_of_a_secret_never_lands_in_a_file(self):
        self.recipe('file "TARGET/f" { content = "password=hunter2\\n", sensitive = true }')
        masked = self.apply(2).stdout
        with open(f"{self.target}/f", encoding="utf-8") as file:
            self.assertEqual(file.read(), "password=hunter2\n")
        self.assertIn("secret", masked)
        kept = subprocess.run(["grep", "-ra", "hunter2", self.state], capture_output=True, text=True)
        self.assertNotIn("journal:", kept.stdout, "the journal keeps no secret")

    def test_a_purged_directory_keeps_exactly_what_others_own(self):
        for path in ("d/foreign", "d/sub/foreign", "d/sub/ours"):
            os.makedirs(os.path.dirname(f"{self.target}/{path}"), exist_ok=True)
            with open(f"{self.target}/{path}", "w", encoding="utf-8") as file:
                file.write("x")
        self.recipe('directory "TARGET/d" { purge = true }\nfile "TARGET/d/sub/ours" { content = "x" }')
        self.apply(2)
        self.assertEqual([sorted(names) for _, _, names in os.walk(f"{self.target}/d")], [[], ["ours"]])

    def test_a_line_is_looked_at_again_after_another_of_its_file_was_changed(self):
        with open(f"{self.target}/lines", "w", encoding="utf-8") as file:
            file.write("x\n")
        self.recipe('line "one" { path = "TARGET/lines", line = "zed" }\n'
                    'line "two" { path = "TARGET/lines", line = "zed", absent = true }')
        self.apply(2)
        with open(f"{self.target}/lines", encoding="utf-8") as file:
            self.assertEqual(file.read(), "x\n", "the later one has the last word, and does not claim it unseen")

    def test_recurse_leaves_alone_what_others_declare(self):
        self.recipe('directory "TARGET/d" { recurse = true, file_mode = "0600" }\n'
                    'file "TARGET/d/f" { content = "x", mode = "0644" }')
        self.apply(2)
        self.apply(0)

    def test_an_empty_word_is_not_taken_for_none(self):
        self.recipe('file "TARGET/f" { content = "x" }')
        for words in (("apply", "--plan", ""), ("plan", "--show", ""), ("apply", "")):
            self.run_fettle(*words, "--state-dir", self.state, code=1)
        self.assertEqual(os.listdir(self.target), [])

    def test_what_a_sensitive_command_or_check_says_is_not_shown(self):
        with open(f"{self.target}/shadow", "w", encoding="utf-8") as file:
            file.write("root:HASHED:1\n")
        self.recipe('check "file" { file = "TARGET/shadow", contains = "zzz", sensitive = true }\n'
                    'exec "command" { shell = "cat TARGET/shadow; exit 1", check = "false", sensitive = true }')
        for words in ((), ("-o", "json")):
            done = self.apply(4, *words)
            self.assertNotIn("HASHED", done.stdout + done.stderr)
            self.assertIn("not shown", done.stdout + done.stderr)

    def test_a_hundred_thousand_resources_are_planned(self):
        self.recipe('for i = 1, 100000 do link("TARGET/x" .. i) { target = "y" } end')
        self.assertEqual(len(json.loads(self.plan(2, "-o", "json").stdout)["resources"]), 100000)
        self.assertEqual(os.listdir(self.target), [])

    def test_all_problems_are_told_at_once(self):
        self.recipe('file "TARGET/f" { contents = "x" }\nfile "TARGET/g" { mode = 5 }\n')
        said = self.plan(1).stderr
        self.assertIn("init.lua:1", said)
        self.assertIn("init.lua:2", said)
        self.assertIn("included from fleet.lua:1", said)

    def test_bad_trees_are_refused(self):
        self.write({"fleet.lua": b"\x1bLua\x54\x00"})
        self.refused("fleet.lua")
        self.write({"fleet.lua": "", "recipes/big": b"x" * (100 << 20)})
        self.refused("recipes/big")
        self.write({"fleet.lua": ""})
        os.symlink("/etc/passwd", os.path.join(self.tree, "data"))
        self.refused("data")
        self.write({"fleet.lua": 'include "../../etc"'})
        self.refused("fleet.lua:1")
        self.tree = os.path.join(self.folder, "nothing")
        self.refused("nothing")

    def test_init_makes_a_tree_that_lints_and_plans(self):
        self.tree = os.path.join(self.folder, "made")
        self.run_fettle("init", self.tree, code=0)
        self.run_fettle("lint", self.tree, code=0)
        self.plan(2)
        self.run_fettle("init", self.tree, code=1)

    def test_facts_tell_what_upgrades_left_undone(self):
        facts = json.loads(self.run_fettle("facts", "-o", "json", code=0).stdout)
        self.assertEqual(facts["reboot"]["needed"], bool(facts["reboot"]["because"]))
        self.assertIn(facts["reboot"]["kernel"], ("told", "not told"))
        self.assertIsInstance(facts["restart_needed"]["units"], list)
        self.assertIn("restart_needed.units", self.run_fettle("facts", code=0).stdout)

    def test_inspect_prints_a_recipe_that_is_at_rest(self):
        path = os.path.join(self.target, "f")
        with open(path, "w") as file:
            file.write("present\n")
        os.chmod(path, 0o604)
        printed = self.run_fettle("inspect", "file", path, code=0).stdout
        self.recipe(printed)
        self.plan(0)
        self.run_fettle("inspect", "file", "/nonexistent/file", code=1)
        self.assertIn("did you mean", self.run_fettle("inspect", "fil", "/x", code=1).stderr)

    def test_doc_knows_every_type(self):
        listed = self.run_fettle("doc", code=0).stdout.splitlines()[1:]
        names = {line.split()[0] for line in listed}
        self.assertLessEqual({"check", "cron", "directory", "exec", "file", "group", "line", "link", "package",
                              "reboot", "service", "sysctl", "user"}, names)
        for name in names:
            self.assertIn("Example", self.run_fettle("doc", name, code=0).stdout)

    def test_the_shipped_policy_tree_lints(self):
        repository = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.run_fettle("lint", os.path.join(repository, "recipes"), code=0)

    def test_reference_pages_are_those_of_the_schemas(self):
        repository = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        for line in self.run_fettle("doc", code=0).stdout.splitlines()[1:]:
            name = line.split()[0]
            page = os.path.join(repository, "docs/reference/types", f"{name}.md")
            with open(page, encoding="utf-8") as file:
                self.assertEqual(file.read(), self.run_fettle("doc", name, "--markdown", code=0).stdout,
                                 f"fettle doc {name} --markdown > {page}")


if __name__ == "__main__":
    unittest.main()
