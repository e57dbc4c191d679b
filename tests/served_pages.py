"""A page that is served in this process, and requests to it as other programs send them."""

import base64
import http.client
import json
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from all_tf.evaluation.predict_images import Predictor, load_predictor
from all_tf.page.limits import PageLimits
from all_tf.page.server import LOCAL, bind, build_app, door_of, server_of

JSON = {"Content-Type": "application/json"}


class Reply(NamedTuple):
    """What a server answers."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def content(self) -> dict:
        return json.loads(self.body)


class Served(NamedTuple):
    """A server that runs."""

    port: int
    predictor: Predictor

    @property
    def url(self) -> str:
        return f"http://{LOCAL}:{self.port}"

    def ask(
        self, path: str, body: bytes | None = None, *, method: str | None = None, **headers: str
    ) -> Reply:
        """One request over a connection of its own; `User_Agent` stands for User-Agent."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(LOCAL, self.port, timeout=120)
        try:
            connection.request(method or ("POST" if body is not None else "GET"), path, body, named)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def predict(self, files: Sequence[Path], **wishes: object) -> Reply:
        """POST /predict as JSON."""
        return self.ask(
            "/predict", as_json(files, **wishes), **{"Content-Type": JSON["Content-Type"]}
        )


def as_json(files: Sequence[Path], **wishes: object) -> bytes:
    """The body of a request with these files."""
    images = [
        {"name": path.name, "data": base64.b64encode(path.read_bytes()).decode()} for path in files
    ]
    return json.dumps({"images": images, **wishes}).encode()


def as_form(files: Sequence[Path], **wishes: object) -> tuple[bytes, str]:
    """The same as a form: the body and its content type."""
    edge = uuid.uuid4().hex
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in wishes.items()
    ]
    for path in files:
        disposition = f'form-data; name="images"; filename="{path.name}"'
        head = f"--{edge}\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
        parts.append(head + path.read_bytes() + b"\r\n")
    return b"".join(parts) + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


@contextmanager
def served(
    runs: Sequence[Path], *, limits: PageLimits = PageLimits(), token: str | None = None
) -> Iterator[Served]:
    """A server of these runs at a free port, until the context ends."""
    taken = bind(LOCAL, 0)
    predictor = load_predictor(runs)
    door = door_of(taken, token)
    server = server_of(build_app(predictor, runs, door, limits=limits))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    try:
        yield Served(door.port, predictor)
    finally:
        server.should_exit = True
        thread.join(30)
        taken.close()
