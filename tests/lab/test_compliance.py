#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compliance of really booted hosts: what somebody turns off by hand is a finding within seconds, a waiver of a signed
revision covers it, and what cannot be read is refused before it reaches a host."""
import csv
import datetime
import io
import json
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

from fleet import Fleet
from labhost import fettle_binary, wait_until

SECONDS = 30
XCCDF_SCHEMA = "/usr/share/openscap/schemas/xccdf/1.2/xccdf_1.2.xsd"  # Of Debian's openscap-common.
CONTROLS = """
[[control]]
id = "CIS-5.2.8"
title = "No root <log-in> by ssh"
severity = "high"
frameworks = { "PCI-DSS" = ["2.2.4"] }
[[control]]
id = "OWN-1"
title = "Everybody is greeted"
"""
WAIVER = """
[[waiver]]
control = "CIS-5.2.8"
hosts = "labels.role == legacy"
reason = "the vendor wants it"
approver = "ann"
until = {until}
"""
RECIPE = """
file "/etc/lab-root" { content = "PermitRootLogin no\\n", control = "CIS-5.2.8", enforce = false }
file "/etc/lab-motd" { content = "hello\\n", control = "OWN-1" }
"""


RULES = """
rule "no-old" {
  title = "Nothing old",
  when = "os.id == debian",
  check = function(host)
    return tonumber(host.facts.os.version) >= 12, "Debian " .. host.facts.os.version
  end,
}
rule "a-front" {
  control = "AVAIL-1",
  collect = function(host) return host.labels.tier or "none" end,
  check = function(tiers)
    for _, tier in pairs(tiers) do
      if tier == "front" then return true end
    end
    return false, "no host is in front"
  end,
}
"""


def tree(**more):
    return {"fleet.lua": 'include "a"\n', "recipes/a/init.lua": RECIPE, "controls/own.toml": CONTROLS,
            **{path.replace("__", "/") + ".toml": text for path, text in more.items()}}


def moment():
    """Now, for --at."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


class Compliance(unittest.TestCase):
    """Two hosts; each test begins where the one before it ended."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet(hosts=["web1", "web2"], title="compliance", sweep="30m")
        cls.enterClassContext(cls.fleet)
        for host in cls.fleet.hosts:
            host.write_file("/etc/lab-root", "PermitRootLogin no\n")
        cls.fleet.publish(tree())
        cls.fleet.wait_converged()
        cls.compliant = moment()

    def assess(self, *words):
        return self.fleet.json("compliance", *words)

    def verdicts(self, *words):
        return {(one["control"], one["host"]): one["verdict"] for one in self.assess(*words)["findings"]}

    def test_1_all_is_compliant(self):
        assessment = self.assess()
        self.assertEqual(assessment["counts"]["compliant"], 4)
        self.assertEqual(assessment["counts"]["score"], 1)
        self.assertEqual([control["id"] for control in assessment["controls"]], ["CIS-5.2.8", "OWN-1"])
        self.assertEqual(self.verdicts("--control", "OWN-1"),
                         {("OWN-1", "web1"): "VERDICT_COMPLIANT", ("OWN-1", "web2"): "VERDICT_COMPLIANT"})

    def test_2_what_somebody_turned_off_is_a_finding(self):
        self.fleet.hosts[1].write_file("/etc/lab-root", "PermitRootLogin yes\n")
        wait_until(lambda: self.verdicts() == {("CIS-5.2.8", "web2"): "VERDICT_NOT_COMPLIANT"}, SECONDS, "the finding")
        finding = self.assess("--framework", "PCI-DSS")["findings"][0]
        self.assertEqual(finding["evidence"][0]["resource"], "file:/etc/lab-root")
        self.assertEqual(finding["evidence"][0]["position"], "recipes/a/init.lua:2")
        text = self.fleet.fettle("compliance", "web2").out
        self.assertIn("CIS-5.2.8 on web2: not compliant", text)
        self.assertIn("50.0 %", text)
        text = self.fleet.fettle("compliance", "CIS-5.2.8").out
        for shown in ("CIS-5.2.8 on web1: compliant", "CIS-5.2.8 on web2: not compliant", "[recipes/a/init.lua:2]",
                      "-PermitRootLogin yes", "+PermitRootLogin no"):
            self.assertIn(shown, text)
        self.assertNotIn("OWN-1", text)
        self.assertIn("no host fits: CIS-9", self.fleet.fettle("compliance", "CIS-9").err)
        self.assertIn("no control that these hosts' revisions", self.fleet.fettle("compliance", "--framework", "SOX",
                                                                                  codes=(5,)).err)

    def test_3_it_is_exported(self):
        rows = list(csv.DictReader(io.StringIO(self.fleet.fettle("compliance", "--export", "csv").out)))
        self.assertEqual([(row["control"], row["host"], row["verdict"]) for row in rows],
                         [("CIS-5.2.8", "web2", "not compliant")])
        suite = ElementTree.fromstring(self.fleet.fettle("compliance", "--export", "junit").out)
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("2", "1"))
        html = self.fleet.fettle("compliance", "--export", "html").out
        self.assertIn("No root &lt;log-in&gt; by ssh", html)
        lines = self.fleet.fettle("compliance", "--export", "jsonl").out.splitlines()
        self.assertEqual([(one["host"], one["revision"], one["evidence"][0]["position"]) for one in map(json.loads, lines)],
                         [("web2", "r1", "recipes/a/init.lua:2")])
        pdf = subprocess.run([fettle_binary(), "compliance", "--export", "pdf"], capture_output=True, check=True, timeout=60,
                             env={**os.environ, "FETTLE_CONFIG": os.path.join(self.fleet.folder, "config")}).stdout
        self.assertTrue(pdf.startswith(b"%PDF-") and b"(CIS-5.2.8) Tj" in pdf)
        run = json.loads(self.fleet.fettle("compliance", "--export", "sarif").out)["runs"][0]
        self.assertEqual([rule["id"] for rule in run["tool"]["driver"]["rules"]], ["CIS-5.2.8", "OWN-1"])
        self.assertEqual(run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"], 2)

    def test_3_what_is_exported_is_all_of_it_and_stays_the_same(self):
        oscal = json.loads(self.fleet.fettle("compliance", "--export", "oscal").out)["assessment-results"]
        self.assertEqual([(finding["target"]["target-id"], finding["target"]["status"]["state"])
                          for finding in oscal["results"][0]["findings"]],
                         [("CIS-5.2.8", "not-satisfied"), ("OWN-1", "satisfied")])
        self.assertEqual(len(oscal["results"][0]["observations"]), 4)
        text = self.fleet.fettle("compliance", "--export", "xccdf").out
        checked = subprocess.run(["xmllint", "--nonet", "--noout", "--schema", XCCDF_SCHEMA, "-"], input=text, text=True,
                                 capture_output=True, timeout=60, check=False)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        xccdf = ElementTree.fromstring(text)
        space = {"x": "http://checklists.nist.gov/xccdf/1.2"}
        self.assertEqual([(test.find("x:target", space).text, [one.text for one in test.iterfind(".//x:result", space)])
                          for test in xccdf.iterfind("x:TestResult", space)],
                         [("web1", ["pass", "pass"]), ("web2", ["fail", "pass"])])
        for form in ("jsonl", "sarif", "oscal", "xccdf"):
            one, other = (re.sub(r"20[0-9-]+T[0-9:]+Z", "", self.fleet.fettle("compliance", "--export", form).out)
                          for _ in range(2))
            self.assertEqual(one, other, form)

    def test_3_how_it_stood_before_is_known(self):
        then = self.assess("--at", self.compliant)
        self.assertEqual(then["counts"]["compliant"], 4)
        self.assertEqual({host["revision"] for host in then["hosts"]}, {"r1"})
        self.assertIn("labels are those of now", "\n".join(then["caveats"]))
        finding = self.assess("web2", "--control", "CIS-5.2.8", "--at", self.compliant)["findings"][0]
        self.assertEqual((finding["verdict"], finding["evidence"][0]["position"]),
                         ("VERDICT_COMPLIANT", "recipes/a/init.lua:2"))
        said = self.fleet.fettle("compliance", "--at", self.compliant)
        self.assertIn("100.0 %", said.out)
        self.assertIn("silent for a while is not kept", said.err)
        points = self.fleet.json("compliance", "--since", self.compliant)["points"]
        self.assertEqual((points[0]["counts"]["score"], points[0]["hosts"]), (1, 2))
        self.assertEqual(points[-1]["counts"]["notCompliant"], 1)
        self.assertIn("75.0 %", self.fleet.fettle("compliance", "--since", self.compliant).out.splitlines()[-1])

    def test_4_a_signed_waiver_covers_it_until_it_ends(self):
        self.fleet.fettle("label", "web2", "role=legacy")
        self.fleet.publish(tree(waivers__own=WAIVER.format(until="2999-12-31")))
        wait_until(lambda: self.verdicts() == {("CIS-5.2.8", "web2"): "VERDICT_WAIVED"}, SECONDS, "the waiver")
        self.assertIn("the vendor wants it (approved by ann; waivers/own.toml:2 of r2)",
                      self.fleet.fettle("compliance").out)
        waived = moment()
        self.fleet.publish(tree(waivers__own=WAIVER.format(until="2020-12-31")))
        wait_until(lambda: self.verdicts() == {("CIS-5.2.8", "web2"): "VERDICT_NOT_COMPLIANT"}, SECONDS, "its end")
        self.assertIn("waiver ended", self.fleet.fettle("compliance").out)
        self.assertEqual(self.verdicts("--at", waived), {("CIS-5.2.8", "web2"): "VERDICT_WAIVED"})

    def test_5_what_cannot_be_read_is_refused(self):
        for text, why in ((WAIVER.format(until='"soon"'), "waivers/own.toml:7:9: until wants the last day"),
                          (WAIVER.format(until="2999-12-31").replace("==", "=="[:1]), "waivers/own.toml:2: hosts: ")):
            with self.assertRaisesRegex(Exception, why):
                self.fleet.publish(tree(waivers__own=text))

    def test_5_rules_look_at_facts_and_at_the_whole_fleet(self):
        bad = {**tree(), "rules/own.lua": 'rule "no-old" { chek = function() end }\n'}
        self.assertIn('rules/own.lua:1: a rule has no "chek"; did you mean "check"?', self.fleet.publish(bad, check=False).err)
        bad = {**tree(), "rules/own.lua": 'rule "no-old" { when = "os.id ==", check = function() end }\n'}
        self.assertIn("rules/own.lua:1: when:", self.fleet.publish(bad, check=False).err)
        host = self.fleet.hosts[1]
        host.write_file("/etc/lab-root", "PermitRootLogin no\n")
        self.fleet.publish({**tree(), "rules/own.lua": RULES})
        self.fleet.wait_converged()
        self.assertEqual(self.verdicts("--control", "no-old"),
                         {("no-old", "web1"): "VERDICT_COMPLIANT", ("no-old", "web2"): "VERDICT_COMPLIANT"})
        self.assertEqual(self.verdicts("--control", "AVAIL-1"),
                         {("AVAIL-1", host): "VERDICT_NOT_COMPLIANT" for host in ("web1", "web2")})
        before = moment()
        self.fleet.fettle("label", "web1", "tier=front")
        self.assertEqual(set(self.verdicts("--control", "AVAIL-1").values()), {"VERDICT_COMPLIANT"})
        host.run("cp -L /etc/os-release /etc/os-release.new && sed -i 's/^VERSION_ID=.*/VERSION_ID=\"10\"/' /etc/os-release.new && "
                 "mv /etc/os-release.new /etc/os-release")
        self.fleet.fettle("run", "web2", "--reason", "facts")
        wait_until(lambda: self.verdicts("--control", "no-old")["no-old", "web2"] == "VERDICT_NOT_COMPLIANT", SECONDS,
                   "the fact to be known")
        text = self.fleet.fettle("compliance", "no-old").out
        for shown in ("no-old on web2: not compliant", "rule:no-old failed", "Debian 10", "[rules/own.lua:2]", "Nothing old"):
            self.assertIn(shown, text)
        self.assertEqual(self.verdicts("--control", "no-old", "--at", before)["no-old", "web2"], "VERDICT_COMPLIANT")
        self.fleet.publish(tree())
        self.fleet.wait_converged()

    def test_6_a_host_that_is_silent_is_unknown(self):
        connected = moment()
        self.fleet.hosts[0].run("systemctl stop fettle-agent")
        wait_until(lambda: self.verdicts("web1") == {("CIS-5.2.8", "web1"): "VERDICT_UNKNOWN",
                                                     ("OWN-1", "web1"): "VERDICT_UNKNOWN"}, SECONDS, "web1 to be silent")
        self.assertEqual(self.verdicts("web1", "--at", moment()), self.verdicts("web1"))
        self.assertEqual(self.verdicts("web1", "--at", connected), {})


if __name__ == "__main__":
    unittest.main()
