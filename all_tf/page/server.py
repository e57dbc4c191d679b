"""The server: its start and its end."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from all_tf.evaluation.predict_images import Predictor
from all_tf.page.connection import TimedConnection
from all_tf.page.endpoints import Endpoints
from all_tf.page.guard import (
    Door,
    Guard,
    answer_failure,
    answer_http_error,
    answer_refusal,
)
from all_tf.page.limits import PageLimits, RefusalError
from all_tf.page.readers import Readers
from all_tf.page.scoring import ScoringThread
from all_tf.page.service import PredictionService
from all_tf.system.processors import num_processors

LOCAL = "127.0.0.1"
_MOST_CONNECTIONS = 256
_SECONDS_TO_END = 5


def build_app(
    predictor: Predictor, runs: Sequence[Path], door: Door, *, limits: PageLimits = PageLimits()
) -> Guard:
    """The application; its processes and its thread live as long as it is served.

    Args:
        predictor: Answers.
        runs: The folders that the predictor was loaded from.
        door: Who is let in.
        limits: Of requests.

    Raises:
        RunError: A file of a run is missing or damaged.
    """
    readers = Readers(max(2, num_processors()))
    scoring = ScoringThread(predictor, limits)
    service = PredictionService(predictor, readers, scoring, limits)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        readers.start()
        scoring.start()
        try:
            yield
        finally:
            scoring.end()
            readers.end()

    handlers = {
        RefusalError: answer_refusal,
        HTTPException: answer_http_error,
        Exception: answer_failure,
    }
    routes = Endpoints(service, runs).routes()
    return Guard(Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers), door)


def bind(host: str, port: int) -> socket.socket:
    """Take an address before the networks are loaded; who asks until then waits.

    Args:
        host: An address of this machine.
        port: 0 for any that is free.

    Raises:
        OSError: It is taken, or not this machine's.
    """
    with ExitStack() as unless_bound:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            taken = unless_bound.enter_context(socket.socket(family, socket.SOCK_STREAM))
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind((host, port))
            taken.listen(_MOST_CONNECTIONS)
        except OSError as error:
            reason = error.strerror or str(error)
            text = f"Cannot listen on {host}, port {port}: {reason}. Pass another --port."
            raise OSError(text) from error
        unless_bound.pop_all()
    return taken


def door_of(taken: socket.socket, token: str | None) -> Door:
    """Who is let in at an address; without a token only who names this machine as itself."""
    host, port = taken.getsockname()[:2]
    names = () if host != LOCAL else (LOCAL, "localhost")
    hosts = [f"{name}:{port}" for name in names] + ([*names] if port == 80 else [])
    return Door(frozenset(hosts), token, port)


def server_of(app: Guard) -> uvicorn.Server:
    """The server of an application; `run(sockets=[...])` answers until a signal comes.

    Args:
        app: Of `build_app`.
    """
    config = uvicorn.Config(
        app,
        http=TimedConnection,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_SECONDS_TO_END,
    )
    return uvicorn.Server(config)
