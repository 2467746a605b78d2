#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server over HTTPS: log-in by token and by certificate, the JSON API with the roles of gRPC, live events, the
console's files; and what must not get through."""
import contextlib
import http.client
import json
import os
import socket
import ssl
import tempfile
import threading
import unittest

from fleet import Fleet
from labhost import wait_until

OURS = {"Content-Type": "application/json", "Connect-Protocol-Version": "1"}
PAGE = "<!doctype html><title>Fettle</title>\n"


class Api(unittest.TestCase):
    """One host that is looked at; the tests do not depend on each other."""

    @classmethod
    def setUpClass(cls):
        cls.console = cls.enterClassContext(tempfile.TemporaryDirectory())
        os.mkdir(f"{cls.console}/assets")
        for name, text in (("index.html", PAGE), ("assets/app-1a2b3c4d.js", "1;\n"), ("../secret.txt", "secret\n")):
            with open(os.path.join(cls.console, name), "w", encoding="utf-8") as file:
                file.write(text)
        cls.addClassCleanup(os.unlink, os.path.join(cls.console, "../secret.txt"))
        cls.fleet = Fleet(hosts=["web1"], title="api", sweep="30m", console=cls.console)
        cls.enterClassContext(cls.fleet)
        cls.fleet.publish({"fleet.lua": 'file "/etc/lab-a" { content = "a\\n" }\n'})
        cls.fleet.wait_converged()

    # How one talks to it.

    def tls(self, certificate=False):
        config = os.path.join(self.fleet.folder, "config")
        context = ssl.create_default_context(cafile=f"{config}/ca.pem")
        if certificate:
            context.load_cert_chain(f"{config}/cert.pem", f"{config}/key.pem")
        return context

    def connection(self, certificate=False):
        return http.client.HTTPSConnection(self.fleet.address, 7443, timeout=20, context=self.tls(certificate))

    def ask(self, method, path, body=None, headers=None, certificate=False):
        """(status, headers, body)."""
        connection = self.connection(certificate)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def token(self, *words):
        return self.fleet.json("console", *words)["token"]

    def log_in(self, token=None):
        status, headers, body = self.ask("POST", "/session", {"token": token or self.token()}, OURS)
        self.assertEqual(status, 200, body)
        return headers["Set-Cookie"], json.loads(body)

    def with_cookie(self, cookie, **more):
        return {**OURS, "Cookie": cookie.split(";")[0], **more}

    def hosts(self, headers, certificate=False):
        return self.ask("POST", "/fettle.v1.Fleet/ListHosts", {}, headers, certificate)

    # The tests.

    def test_a_token_logs_in_once_and_out_again(self):
        text = self.fleet.fettle("console").out
        self.assertIn(f"https://{self.fleet.address}:7443/\ntoken  ", text)
        token = self.token()
        cookie, session = self.log_in(token)
        for word in ("__Host-fettle=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"):
            self.assertIn(word, cookie)
        self.assertEqual(session["role"], "admin")
        status, _, body = self.hosts(self.with_cookie(cookie))
        self.assertEqual((status, json.loads(body)["hosts"][0]["name"]), (200, "web1"))
        self.assertEqual(self.ask("POST", "/session", {"token": token}, OURS)[0], 401, "good once")
        self.assertEqual(self.ask("GET", "/session", None, self.with_cookie(cookie))[0], 200)
        self.assertEqual(self.ask("DELETE", "/session", None, self.with_cookie(cookie))[0], 204)
        self.assertEqual(self.hosts(self.with_cookie(cookie))[0], 401)
        self.assertEqual(self.ask("GET", "/session")[0], 401)

    def test_a_certificate_is_enough(self):
        self.assertEqual(self.hosts(OURS, certificate=True)[0], 200)
        self.assertEqual(self.hosts(OURS)[0], 401)

    def test_a_session_cannot_make_another(self):
        cookie, _ = self.log_in()
        status, _, body = self.ask("POST", "/fettle.v1.Console/OfferLogin", {}, self.with_cookie(cookie))
        self.assertEqual((status, json.loads(body)["code"]), (403, "permission_denied"))
        self.assertEqual(self.ask("POST", "/fettle.v1.Console/OfferLogin", {}, OURS, certificate=True)[0], 200)

    def test_errors_are_those_of_grpc(self):
        status, _, body = self.ask("POST", "/fettle.v1.Fleet/GetHost", {"name": "nobody"}, OURS, certificate=True)
        self.assertEqual((status, json.loads(body)["code"]), (404, "not_found"))
        status, _, body = self.ask("POST", "/fettle.v1.Fleet/ListHosts", {"filtre": ""}, OURS, certificate=True)
        self.assertEqual((status, json.loads(body)["code"]), (400, "invalid_argument"))
        self.assertIn("filtre", body)
        self.assertEqual(self.ask("POST", "/fettle.v1.Agent/Session", {}, OURS, certificate=True)[0], 404)
        self.assertEqual(self.ask("GET", "/fettle.v1.Fleet/ListHosts", None, OURS, certificate=True)[0], 405)
        self.assertEqual(self.ask("POST", "/fettle.v1.Fleet/ListHosts", {}, {"Content-Type": "text/plain"},
                                  certificate=True)[0], 415)

    def test_a_page_of_another_site_changes_nothing(self):
        cookie, _ = self.log_in()
        self.assertEqual(self.hosts({"Content-Type": "application/json", "Cookie": cookie.split(";")[0]})[0], 403)
        self.assertEqual(self.hosts(self.with_cookie(cookie, Origin="https://evil.example"))[0], 403)
        self.assertEqual(self.hosts(self.with_cookie(cookie, Origin=f"https://{self.fleet.address}:7443"))[0], 200)

    def test_a_viewer_may_look_and_no_more_and_a_revoked_one_not_even_that(self):
        token = self.fleet.json("enroll", "token", "--user", "--name", "vera", "--role", "viewer")["token"]
        other = os.path.join(self.fleet.folder, "vera")
        self.fleet.fettle_as(other, "login", "--server", f"{self.fleet.address}:7441", "--token", token)
        ticket = json.loads(self.fleet.fettle_as(other, "console", "-o", "json").out)["token"]
        cookie, session = self.log_in(ticket)
        self.assertEqual((session["user"], session["role"]), ("vera", "viewer"))
        self.assertEqual(self.hosts(self.with_cookie(cookie))[0], 200)
        status, _, body = self.ask("POST", "/fettle.v1.Fleet/RequestRun", {}, self.with_cookie(cookie))
        self.assertEqual((status, json.loads(body)["code"]), (403, "permission_denied"))
        self.fleet.fettle("enroll", "revoke", "--user", "vera", "--reason", "left")
        self.assertIn(self.hosts(self.with_cookie(cookie))[0], (401, 403))

    def test_who_guesses_tokens_has_to_wait(self):
        statuses = [self.ask("POST", "/session", {"token": f"guess-{i}"}, OURS)[0] for i in range(14)]
        self.assertEqual((statuses[0], statuses[-1]), (401, 429))
        self.addCleanup(self.fleet.restart_server)  # The others log in from the same address.

    def test_a_drift_is_told_while_it_is_stored(self):
        cookie, _ = self.log_in()
        told = []

        def listen():
            connection = self.connection()
            connection.request("GET", "/events", headers=self.with_cookie(cookie))
            answer = connection.getresponse()
            told.append(answer.getheader("Content-Type"))
            for line in answer:
                if line.startswith(b"data: "):
                    told.append(json.loads(line[6:]))
                    if told[-1] == {"kind": "drift", "host": "web1"}:
                        break
            connection.close()
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        wait_until(lambda: told, 20, "the stream to begin")
        self.fleet.hosts[0].write_file("/etc/lab-a", "by hand\n")
        thread.join(30)
        self.assertFalse(thread.is_alive(), told)
        self.assertEqual(told[0], "text/event-stream")
        self.assertEqual(self.ask("GET", "/events")[0], 401)

    def test_the_consoles_files_and_nothing_else_are_served(self):
        status, headers, body = self.ask("GET", "/hosts/web1?at=x")
        self.assertEqual((status, body), (200, PAGE), "the pages are the browser's own affair")
        self.assertIn("default-src 'self'", headers["Content-Security-Policy"])
        self.assertNotIn("unsafe-inline", headers["Content-Security-Policy"])
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        status, headers, body = self.ask("GET", "/assets/app-1a2b3c4d.js")
        self.assertEqual((status, body), (200, "1;\n"))
        self.assertIn("immutable", headers["Cache-Control"])
        for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/..%2fsecret.txt",
                     "/assets/..%5c..%5csecret.txt", "/nothing.js"):
            status, _, body = self.ask("GET", path)
            self.assertNotIn("secret\n", body, path)
            self.assertIn(status, (400, 404), path)

    def test_it_says_that_it_is_well(self):
        self.assertEqual(self.ask("GET", "/healthz")[0], 200)
        self.assertEqual(self.ask("GET", "/readyz")[0], 200)

    def test_many_ranges_do_not_make_a_small_request_a_large_answer(self):
        ranges = "bytes=" + ",".join(["0-"] * 200)
        status, _, body = self.ask("GET", "/", headers={"Range": ranges})
        self.assertEqual(status, 416, body[:200])
        self.assertLess(len(body), 100_000)
        self.assertIn(self.ask("GET", "/", headers={"Range": "bytes=0-3"})[0], (200, 206))

    def test_metrics_are_for_who_may_look(self):
        self.assertEqual(self.ask("GET", "/metrics")[0], 401)
        self.assertEqual(self.ask("POST", "/metrics", {}, OURS, certificate=True)[0], 405)
        # Another test may just have restarted the server.
        wait_until(lambda: "fettle_sessions 1\n" in self.ask("GET", "/metrics", certificate=True)[2], 60,
                   "the host's session")
        status, headers, body = self.ask("GET", "/metrics", certificate=True)
        self.assertEqual(status, 200, body)
        self.assertTrue(headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        self.assertIn('fettle_hosts{presence="connected"} 1\n', body)
        self.assertIn('fettle_resources{state="ok"} 1\n', body)
        self.assertIn("fettle_sessions 1\n", body)

    def test_what_an_auditor_asks_of_the_console_is_written_down(self):
        token = self.fleet.json("enroll", "token", "--user", "--name", "otto", "--role", "auditor")["token"]
        other = os.path.join(self.fleet.folder, "otto")
        self.fleet.fettle_as(other, "login", "--server", f"{self.fleet.address}:7441", "--token", token)
        cookie, session = self.log_in(json.loads(self.fleet.fettle_as(other, "console", "-o", "json").out)["token"])
        self.assertEqual(session["role"], "auditor")
        self.assertEqual(self.hosts(self.with_cookie(cookie))[0], 200)
        self.assertEqual(self.ask("GET", "/metrics", None, self.with_cookie(cookie))[0], 403)
        connection = self.connection()
        connection.request("GET", "/events", headers=self.with_cookie(cookie))
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        asked = [act["detail"] for act in self.fleet.json("audit", "log", "--who", "user/otto", "--act", "query")["leaves"]]
        self.assertIn("ListHosts {}", asked)
        self.assertIn("/events", asked)

    def test_too_much_is_refused_and_rubbish_harms_nobody(self):
        status, _, _ = self.ask("POST", "/session", {"token": "x" * (5 << 20)}, OURS)
        self.assertEqual(status, 413)
        # What has no size, and what becomes a thousand times as much.
        self.assertEqual(self.ask("POST", "/session", "x", {**OURS, "Transfer-Encoding": "chunked"})[0], 411)
        self.assertEqual(self.ask("POST", "/session", "x", {**OURS, "Content-Encoding": "gzip"})[0], 415)
        for rubbish in (b"\x00" * 100, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 50_000, b"POST /session HTTP/9\r\n\r\n"):
            with socket.create_connection((self.fleet.address, 7443), timeout=20) as plain:
                with self.tls().wrap_socket(plain, server_hostname=self.fleet.address) as tls:
                    try:
                        tls.sendall(rubbish)
                        tls.recv(1000)
                    except OSError:
                        pass
        with socket.create_connection((self.fleet.address, 7443), timeout=20) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            plain.settimeout(20)
            try:
                self.assertNotIn(b"200", plain.recv(1000))
            except OSError:
                pass
        self.assertEqual(self.ask("GET", "/healthz")[0], 200)

    def raw(self, data, source=None):
        """All that is answered to these bytes until the server ends the connection."""
        with socket.create_connection((self.fleet.address, 7443), timeout=20, source_address=source) as plain:
            with self.tls().wrap_socket(plain, server_hostname=self.fleet.address) as tls:
                answer = b""
                try:
                    tls.sendall(data)
                    while part := tls.recv(65536):
                        answer += part
                except OSError:
                    pass
                return answer

    def test_the_head_of_a_request_is_bounded(self):
        for head in (b"GET /" + b"x" * (1 << 20), b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 50_000,
                     b"GET / HTTP/1.1\r\nA: " + b"x" * (1 << 20)):
            answer = self.raw(head + b"\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 431 "), answer[:200])
        self.assertEqual(self.ask("GET", "/healthz", headers={f"A{i}": "x" * 5000 for i in range(10)})[0], 200)

    def test_what_was_not_read_is_never_the_next_request(self):
        hidden = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
        length = b"Host: x\r\nContent-Length: %d\r\n\r\n" % len(hidden)
        for head in (b"GET /healthz HTTP/1.1\r\n" + length,
                     b"POST /session HTTP/1.1\r\nContent-Encoding: gzip\r\n" + length,
                     b"POST /session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                     b"GET / HTTP/1.1\r\nRange: bytes=0-1,0-1\r\n" + length, b"GET /%zz HTTP/9\r\n" + length,
                     b"POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\n",
                     b"POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000000000000\r\n\r\n"):
            answer = self.raw(head + hidden)
            self.assertLessEqual(answer.count(b"HTTP/1.1 "), 1, answer)
            self.assertNotIn(b"ready", answer)

    def test_two_requests_of_one_connection_are_both_answered(self):
        answer = self.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 2 +
                          b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertEqual(answer.count(b"HTTP/1.1 200"), 3, answer)

    def test_silent_connections_of_one_address_leave_room_for_others(self):
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(socket.create_connection((self.fleet.address, 7443), timeout=20,
                                                                   source_address=("127.0.0.2", 0)))
                      for _ in range(300)]
            self.assertEqual(self.ask("GET", "/healthz")[0], 200)
            for one in silent:
                self.assertEqual(one.recv(1), b"", "each of them is closed in the end")
        self.assertEqual(self.ask("GET", "/healthz")[0], 200)

    def test_a_server_stops_though_somebody_sends_and_reads_nothing(self):
        with contextlib.ExitStack() as stack:
            for part in (b"", b"GET / HT", b"POST /session HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{"):
                plain = stack.enter_context(socket.create_connection((self.fleet.address, 7443), timeout=20))
                tls = stack.enter_context(self.tls().wrap_socket(plain, server_hostname=self.fleet.address))
                tls.sendall(part)
            self.fleet.restart_server()
            self.assertEqual(self.ask("GET", "/healthz")[0], 200)
        self.fleet.wait_converged()


if __name__ == "__main__":
    unittest.main()
