"""A stand-in for a predictions API, built from its documentation: real HTTP on 127.0.0.1.

Read on 25 November 2026 in stored copies: replicate.com/docs/reference/http (predictions.create, predictions.get, predictions.cancel,
files.create), replicate.com/docs/topics/webhooks/verify-webhook, and the JSON schema of a prediction request, which allows no other
fields. The stand-in refuses methods, paths, headers and fields that these do not name.
"""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "r8_0123456789abcdef"
VERSION = "ab" * 32
FIELDS = {"version", "input", "webhook", "webhook_events_filter", "stream"}
HEADERS = {
    *("host", "authorization", "content-type", "content-length", "accept", "accept-encoding"),
    *("user-agent", "connection", "prefer"),
}
STATUSES = ["starting", "processing", "succeeded"]


class Predictions(ThreadingHTTPServer):
    def __init__(self, film):
        super().__init__(("127.0.0.1", 0), Handler)
        self.film = film  # bytes
        self.address = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self.made, self.uploaded, self.seen, self.canceled = {}, {}, [], []
        self.statuses = list(STATUSES)  # of a prediction at each look; the last one repeats
        self.troubles = []  # (status, headers) of the next answers
        self.output = None  # sent instead of the film's address
        self.problems = []  # what a client did that the documentation does not allow

    def handle_error(self, request, client_address):
        pass


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, body=None, headers=()):
        content = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, status, detail):
        self.server.problems.append(detail)
        self.answer(status, {"title": "Refused", "detail": detail, "status": status})

    def allowed(self):
        server = self.server
        server.seen.append((self.command, self.path))
        if server.troubles:
            status, headers = server.troubles.pop(0)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.answer(status, {"detail": "trouble"}, headers)
            return False
        unknown = {name.lower() for name in self.headers} - HEADERS
        if unknown:
            self.refuse(400, f"headers that nobody documented: {sorted(unknown)}")
            return False
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer(401, {"title": "Unauthenticated", "status": 401})
            return False
        return True

    def do_GET(self):
        server = self.server
        if self.path == "/film.mp4":
            self.send_response(200)
            self.send_header("Content-Length", str(len(server.film)))
            self.end_headers()
            self.wfile.write(server.film)
            return
        if not self.allowed():
            return
        number = self.path.removeprefix("/v1/predictions/")
        if number not in server.made:
            self.refuse(404, f"no prediction at {self.path}")
            return
        self.answer(200, self.prediction(number))

    def prediction(self, number):
        server = self.server
        status = server.statuses.pop(0) if len(server.statuses) > 1 else server.statuses[0]
        if number in server.canceled:
            status = "canceled"
        over = status == "succeeded"
        film = server.output or server.address.replace("/v1", "/film.mp4")
        return {
            "id": number,
            "version": VERSION,
            "status": status,
            "input": {},
            "output": film if over else None,
            "error": "the model fell over" if status == "failed" else None,
            "metrics": {"predict_time": 12.5} if over else {},
            "urls": {"get": f"{server.address}/predictions/{number}"},
        }

    def do_POST(self):
        server = self.server
        if not self.allowed():
            return
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path == "/v1/files":
            if not self.headers["Content-Type"].startswith("multipart/form-data; boundary="):
                self.refuse(415, "a file is sent as a form")
                return
            number = f"file{len(server.uploaded)}"
            server.uploaded[number] = body
            self.answer(201, {"id": number, "urls": {"get": f"{server.address}/files/{number}"}})
        elif self.path == "/v1/predictions":
            fields = json.loads(body)
            if set(fields) - FIELDS or self.headers["Content-Type"] != "application/json":
                self.refuse(422, f"fields that nobody documented: {sorted(set(fields) - FIELDS)}")
                return
            if fields.get("version") != VERSION:
                self.answer(422, {"detail": "Invalid version"})
                return
            number = f"p{len(server.made)}"
            server.made[number] = fields
            self.answer(201, self.prediction(number))
        elif self.path.endswith("/cancel") and not body:
            number = self.path.split("/")[3]
            server.canceled.append(number)
            self.answer(200, self.prediction(number))
        else:
            self.refuse(404, f"nothing at {self.path}")

    def do_PUT(self):
        self.refuse(405, "no such method")

    do_DELETE = do_PATCH = do_PUT


def serve(film):
    server = Predictions(film)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def inlined(value):
    """The content of a data address."""
    return base64.b64decode(value.partition(";base64,")[2])
