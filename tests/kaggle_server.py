"""A stand-in of Kaggle on this machine: kagglehub's own client talks to it over HTTP."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tfrecords.sources.download import KAGGLE_NAME

_SERVICE = "/api/v1/datasets.DatasetApiService/"


@dataclass
class StandIn:
    """What Kaggle has, and how it behaves; changed while it runs."""

    archive: bytes
    break_after: int | None = None  # Bytes after which each connection breaks.
    status: int = 200  # Of every answer.
    text: str = ""  # In place of JSON, as the page of a hotel's network.
    hashed: bytes = b""  # The archive of which it tells the MD5; none if empty.
    ranges: list[str | None] = field(default_factory=list)  # Asked for, one each archive request.
    logins: list[str | None] = field(default_factory=list)  # Of each question.
    port: int = 0


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    """What answers each request as the stand-in says."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers.get("Content-Length", 0))
            asked = json.loads(self.rfile.read(length))
            owner, name = KAGGLE_NAME.split("/")
            assert (asked["ownerSlug"], asked["datasetSlug"]) == (owner, name)
            stand_in.logins.append(self.headers.get("Authorization"))
            if stand_in.status != 200:
                self._send(stand_in.status, json.dumps({"message": "no"}).encode())
            elif stand_in.text:
                self._send(200, stand_in.text.encode())
            elif self.path == f"{_SERVICE}GetDataset":
                self._send(200, json.dumps({"currentVersionNumber": 2}).encode())
            else:
                self._send(302, b"", {"Location": f"http://127.0.0.1:{stand_in.port}/archive.zip"})

        def do_GET(self):
            stand_in.ranges.append(self.headers.get("Range"))
            wanted = self.headers.get("Range", "bytes=0-")
            body = stand_in.archive[int(wanted.removeprefix("bytes=").removesuffix("-")) :]
            md5 = base64.b64encode(hashlib.md5(stand_in.hashed).digest()).decode()
            headers = {"x-goog-hash": f"crc32c=AAAAAA==,md5={md5}"} if stand_in.hashed else {}
            headers |= {"Accept-Ranges": "bytes", "Content-Type": "application/zip"}
            status = 206 if "Range" in self.headers else 200
            self._send(status, body, headers, break_after=stand_in.break_after)

        def _send(self, status, body, headers=None, *, break_after=None):
            self.send_response(status)
            headers = {"Content-Type": "application/json"} | (headers or {})
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[:break_after])

        def log_message(self, *_):
            pass

    return Handler


@contextmanager
def running(stand_in: StandIn) -> Iterator[StandIn]:
    """Serve on a free port until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stand_in))
    stand_in.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
