#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What packaging/monitoring holds against docs/metrics.md, and what promtool says of it."""
import json
import os
import re
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RULES = os.path.join(ROOT, "packaging/monitoring/fettle.rules.yml")
RULES_TEST = os.path.join(ROOT, "tests/integration/monitoring/rules.test.yml")
DASHBOARD = os.path.join(ROOT, "packaging/monitoring/fettle.dashboard.json")
# What Prometheus adds to every metric that it scrapes.
SCRAPED = {"job", "instance"}
# Values that a label may have, where they are words of ours.
WORDS = {
    "presence": {"connected", "silent", "never", "revoked"},
    "state": {"ok", "unknown", "skipped", "drifted", "failed", "reverted", "blocked"},
    "result": {"ok", "failed"},
}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def promtool(*words):
    return subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=120, cwd=ROOT)


def documented():
    """name -> labels, as the table of docs/metrics.md has them."""
    rows = "\n".join(line.split("|")[1] for line in read(os.path.join(ROOT, "docs/metrics.md")).splitlines()
                     if line.startswith("| `fettle_"))
    return {name: set(filter(None, labels.strip("{}").split(",")))
            for name, labels in re.findall(r"`(fettle_\w+)(\{[\w,]+\})?`", rows)}


def used(expression):
    """(metric, label, operator, value) and (metric, "", "", "") of a query."""
    for name, matchers in re.findall(r"(fettle_\w+)(\{[^}]*\})?", expression):
        yield name, "", "", ""
        for label, operator, value in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', matchers):
            yield name, label, operator, value


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.documented = documented()
        cls.dashboard = json.loads(read(DASHBOARD))
        cls.queries = [target["expr"] for panel in cls.dashboard["panels"] for target in panel["targets"]]
        cls.rules = re.findall(r"^ +expr: (.+)$", read(RULES), re.MULTILINE)

    def check_names(self, expressions):
        for expression in expressions:
            for name, label, operator, value in used(expression):
                self.assertIn(name, self.documented, expression)
                if label:
                    self.assertIn(label, self.documented[name] | SCRAPED, expression)
                if label in WORDS and operator in ("=", "!="):
                    self.assertIn(value, WORDS[label], expression)
                if label in WORDS and operator in ("=~", "!~"):
                    self.assertLessEqual(set(value.split("|")), WORDS[label], expression)

    def test_the_documents_list_the_metrics(self):
        self.assertGreaterEqual(len(self.documented), 15)
        self.assertEqual(self.documented["fettle_hosts"], {"presence"})
        self.assertEqual(self.documented["fettle_notifications_sent_total"], {"hook", "result"})

    def test_rules_and_queries_ask_for_what_there_is(self):
        self.assertGreater(len(self.rules), 10)
        self.check_names(self.rules)
        self.check_names(self.queries)

    def test_what_there_is_not_would_be_found(self):
        for wrong in ('fettle_host{presence="silent"}', 'fettle_hosts{presence="quiet"}', 'fettle_hosts{name="a"}',
                      'fettle_hosts{presence=~"silent|quiet"}'):
            with self.assertRaises(AssertionError):
                self.check_names([wrong])

    def test_every_metric_is_on_the_dashboard(self):
        shown = {name for query in self.queries for name, *_ in used(query)}
        self.assertEqual(shown, set(self.documented))

    def test_the_queries_of_the_dashboard_are_well_formed(self):
        rules = {"groups": [{"name": "dashboard", "rules": [
            {"record": f"query:{number}", "expr": query.replace("$instance", ".*")}
            for number, query in enumerate(self.queries)]}]}
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump(rules, file)  # Which is YAML as well.
            file.flush()
            done = promtool("check", "rules", file.name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_panels_have_ids_of_their_own_and_do_not_overlap(self):
        panels = self.dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = set()
        for panel in panels:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells
            self.assertEqual(panel["datasource"]["uid"], "${datasource}")

    def test_promtool_takes_the_rules(self):
        done = promtool("check", "rules", RULES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_alert_fires_when_it_should(self):
        alerts = re.findall(r"^ +- alert: (\w+)$", read(RULES), re.MULTILINE)
        self.assertEqual(len(alerts), len(self.rules))
        firing = re.sub(r'(?s).*a server that is away', "", read(RULES_TEST))
        for alert in alerts:
            self.assertIn(f"alertname: {alert}, exp_alerts: []", read(RULES_TEST))
            self.assertIn(alert, firing)
        done = promtool("test", "rules", RULES_TEST)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
