#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server's log as JSON, and the id of a request: in the lines that it causes, in the answer, and in an error whose cause is
in the log. Over gRPC by `fettle`, and over HTTPS.

FETTLE_BIN and FETTLE_SERVER_BIN are the programs.
"""
import http.client
import json
import os
import re
import sqlite3
import ssl
import unittest

from live_server import LiveServer, wait_until


class Logs(unittest.TestCase):
    def setUp(self):
        self.server = LiveServer(http=True)
        self.addCleanup(self.server.close)
        with open(self.server.config, encoding="utf-8") as file:
            text = file.read()
        with open(self.server.config, "w", encoding="utf-8") as file:
            file.write(text.replace('log_format = "text"', 'log_format = "json"')
                       .replace('log_level = "info"', 'log_level = "debug"'))
        self.server.start()

    def lines(self):
        """Each line of the log; one that is no JSON fails the test."""
        whole = self.server.said()
        return [json.loads(line) for line in whole[:whole.rfind("\n") + 1].splitlines()]

    def get(self, path, **headers):
        context = ssl.create_default_context(cafile=os.path.join(self.server.folder, "data/tls/ca.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.server.http, context=context, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.getheader("x-request-id"), answer.read().decode()

    def of(self, request):
        return wait_until(lambda: [one for one in self.lines() if one.get("request") == request],
                          f"a line of the request {request}")

    def test_every_line_is_an_object_with_when_how_grave_and_what(self):
        self.server.log_in()
        for line in self.lines():
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertIn(line["level"], ("debug", "info", "warning", "error"))
            self.assertTrue(line["message"])

    def test_health_and_readiness_are_for_everybody(self):
        self.assertEqual(self.get("/healthz")[::2], (200, "ok\n"))
        self.assertEqual(self.get("/readyz")[::2], (200, "ready\n"))

    def test_an_id_of_the_callers_is_kept_and_a_bad_one_replaced(self):
        self.assertEqual(self.get("/healthz", x_request_id="trace-4711")[1], "trace-4711")
        self.assertIn("GET /healthz", self.of("trace-4711")[0]["message"])
        made = self.get("/healthz", x_request_id="no spaces <script>")[1]
        self.assertRegex(made, r"^[0-9A-Z]{26}$")
        self.assertNotEqual(self.get("/healthz")[1], made)

    def test_what_a_call_causes_has_its_id(self):
        self.server.log_in()
        self.server.fettle("enroll", "token", "--user", "--name", "ann")
        act, = [one for one in self.lines() if "ann" in one["message"] and "debug" != one["level"]]
        messages = [one["message"] for one in self.of(act["request"])]
        self.assertIn("/fettle.v1.Fleet/CreateToken: done", messages)

    def test_an_error_of_the_servers_own_says_where_to_look(self):
        self.server.log_in()
        database = sqlite3.connect(os.path.join(self.server.folder, "data/fettle.db"))
        database.execute("ALTER TABLE channels RENAME TO gone")
        database.commit()
        database.close()
        said = self.server.fettle("channel", "list", code=None).stderr
        request = re.search(r"\(request ([0-9A-Z]{26})\)", said).group(1)
        line, = [one for one in self.of(request) if one["level"] == "error"]
        self.assertIn("/fettle.v1.Policy/", line["message"])


if __name__ == "__main__":
    unittest.main()
