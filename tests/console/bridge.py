# SPDX-License-Identifier: Apache-2.0
"""The console's contract in front of a real server, by way of the command line: every answer is what `fettle … -o json`
says of that server and its hosts. Static files have the policy for content that the console must live under.

    with Bridge(fleet, dist) as bridge:
        bridge.url, bridge.token
"""
import base64
import hashlib
import json
import secrets
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

POLICY = ("default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src 'self' data:; "
          "object-src 'none'")
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
LOOK_SECONDS = 0.2


class Refused(Exception):
    """What the command line said instead of an answer."""


def blobs_of(files):
    """digest -> content of a tree's files and of its manifest."""
    contents = {path: text.encode() for path, text in files.items()}
    lines = [f"{hashlib.sha256(contents[path]).hexdigest()} {len(contents[path])} - {path}\n" for path in sorted(contents)]
    every = [*contents.values(), "".join(lines).encode()]
    return {hashlib.sha256(one).digest(): one for one in every}


class Bridge:
    def __init__(self, fleet, dist):
        self.fleet = fleet
        self.dist = Path(dist)
        self.token = secrets.token_urlsafe()
        self.cookie = ""
        self.blobs = {}
        self.ended = threading.Event()

    def __enter__(self):
        handler = type("Handler", (Handler,), {"bridge": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def ask(self, *words):
        result = self.fleet.fettle(*words, "-o", "json", check=False)
        if result.code != 0:
            raise Refused("\n".join(line.partition(": ")[2] for line in result.err.strip().split("\n")))
        return json.loads(result.out)

    def call(self, method, request):
        since = ["--since", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(request.get("sinceUs", 0)) / 1e6))]
        since = since if request.get("sinceUs") else []
        at = ["--at", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(request.get("atUs", 0)) / 1e6))]
        at = at if request.get("atUs") else []
        filters = [request["filter"]] if request.get("filter") else []
        most = ["--most", str(request["most"])] if request.get("most") else []
        if method == "Policy/GetRevision":
            for one in self.ask("revisions")["revisions"]:
                if request["name"] in (one["name"], base64.b64decode(one["id"]).hex()):
                    return one
            raise Refused("no such revision")
        return self.ask(*{
            "Fleet/ListHosts": ["hosts", *filters, *at],
            "Fleet/GetHost": ["host", request.get("name", ""), *at],
            "History/Drift": ["drift", *filters, *since, *at, *most],
            "History/Runs": ["runs", *filters, *since, *most],
            "History/HostHistory": ["history", request.get("host", ""), *since, *most],
            "Policy/ListRevisions": ["revisions"],
            "Policy/ListChannels": ["channel", "list"],
        }[method])


class Handler(BaseHTTPRequestHandler):
    bridge = None

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="application/json", **headers):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), "Content-Security-Policy": POLICY,
                            **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def say(self, status, value, **headers):
        self.answer(status, json.dumps(value).encode(), **headers)

    def known(self):
        return bool(self.bridge.cookie) and f"fettle={self.bridge.cookie}" in self.headers.get("Cookie", "")

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self):
        if self.path == "/events":
            self.events()
        elif self.path != "/session":
            self.file()
        elif self.known():
            self.say(200, {"user": "admin", "role": "admin"})
        else:
            self.say(401, {"code": "unauthenticated", "message": "log in first"})

    def do_DELETE(self):
        self.bridge.cookie = ""
        self.answer(204, Set_Cookie="fettle=; Max-Age=0; Path=/")

    def do_POST(self):
        body = self.body()
        if self.path == "/session":
            self.log_in(json.loads(body)["token"])
        elif not self.known() or self.headers.get("Connect-Protocol-Version") != "1":
            self.say(401, {"code": "unauthenticated", "message": "log in first"})
        elif self.path.endswith("/GetBlobs"):
            self.send_blobs(json.loads(body[5:])["digests"])
        else:
            try:
                self.say(200, self.bridge.call(self.path.removeprefix("/fettle.v1."), json.loads(body)))
            except Refused as refused:
                code = "not_found" if "no such" in str(refused) or "no host" in str(refused) else "invalid_argument"
                self.say(400, {"code": code, "message": str(refused)})

    def log_in(self, token):
        if not self.bridge.token or token != self.bridge.token:
            self.say(401, {"code": "unauthenticated", "message": "this token is not known, or was used"})
            return
        self.bridge.token = ""
        self.bridge.cookie = secrets.token_urlsafe()
        self.say(200, {}, Set_Cookie=f"fettle={self.bridge.cookie}; Path=/; HttpOnly; SameSite=Strict")

    def send_blobs(self, digests):
        def envelope(flags, value):
            text = json.dumps(value).encode()
            return struct.pack(">BI", flags, len(text)) + text
        parts = [envelope(0, {"digest": one, "data": base64.b64encode(self.bridge.blobs[base64.b64decode(one)]).decode()})
                 for one in digests]
        self.answer(200, b"".join(parts) + envelope(2, {}), kind="application/connect+json")

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        last = None
        try:
            while not self.bridge.ended.wait(LOOK_SECONDS):
                now = self.bridge.ask("drift"), [one.get("counts") for one in self.bridge.ask("hosts").get("hosts", [])]
                if last is not None and now != last:
                    self.wfile.write(b'event: changed\ndata: {"kind":"drift","host":""}\n\n')
                elif last is None:
                    self.wfile.write(b": here\n\n")
                self.wfile.flush()
                last = now
        except (OSError, Refused):
            pass  # The page was left, or the server is going down.

    def file(self):
        path = self.bridge.dist / (self.path.lstrip("/") or "index.html")
        if not path.is_file() or self.bridge.dist not in path.resolve().parents:
            self.say(404, {"code": "not_found", "message": "no such file"})
            return
        self.answer(200, path.read_bytes(), kind=TYPES.get(path.suffix, "application/octet-stream"))
