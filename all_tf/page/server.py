"""The server: its addresses, its start and its end."""

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from all_tf.evaluation.predict_images import Predictor
from all_tf.page.about import describe_model, report_of
from all_tf.page.assets import ASSETS, render_page
from all_tf.page.connection import TimedConnection
from all_tf.page.guard import (
    Door,
    Guard,
    answer_failure,
    answer_http_error,
    answer_refusal,
    json_error,
)
from all_tf.page.limits import PageLimits, RefusalError
from all_tf.page.openapi import describe_api
from all_tf.page.readers import Readers
from all_tf.page.scoring import ScoringThread
from all_tf.page.service import PredictionService
from all_tf.page.uploads import Inbox, parse_body

LOCAL = "127.0.0.1"
_MOST_CONNECTIONS = 256
_SECONDS_TO_END = 5
# A report has styles of its own and images inside, and is nobody's script.
_REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


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
    readers = Readers(max(2, os.cpu_count() or 1))
    scoring = ScoringThread(predictor, limits)
    service = PredictionService(predictor, readers, scoring, limits)
    inbox = Inbox(limits)
    model = describe_model(predictor, limits)
    page = render_page(model, limits)
    api = describe_api(predictor.scorers[0].classes, limits)

    async def show_page(request: Request) -> Response:
        return HTMLResponse(page)

    async def show_asset(request: Request) -> Response:
        content, kind = ASSETS[request.url.path]
        return Response(content, media_type=kind)

    async def show_report(request: Request) -> Response:
        try:
            text = report_of(runs)
        except (OSError, ValueError) as error:
            return json_error(404, f"This run has no report: {error}")
        return HTMLResponse(text, headers={"Content-Security-Policy": _REPORT_POLICY})

    async def show_model(request: Request) -> Response:
        return JSONResponse(model)

    async def show_health(request: Request) -> Response:
        status = "ok" if scoring.works else "the thread of the networks has ended"
        content = {"status": status, "waiting": scoring.num_waiting}
        return JSONResponse(content, 200 if scoring.works else 503)

    async def show_api(request: Request) -> Response:
        return JSONResponse(api)

    async def predict_pictures(request: Request) -> Response:
        async with inbox.receive(request) as body:
            asked = await parse_body(request, body, limits)
            return JSONResponse(await service.predict(asked))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        readers.start()
        scoring.start()
        try:
            yield
        finally:
            scoring.end()
            readers.end()

    routes = [
        Route("/", show_page),
        Route("/report", show_report),
        Route("/model", show_model),
        Route("/health", show_health),
        Route("/openapi.json", show_api),
        Route("/predict", predict_pictures, methods=["POST"]),
        *(Route(path, show_asset) for path in ASSETS),
    ]
    handlers = {
        RefusalError: answer_refusal,
        HTTPException: answer_http_error,
        Exception: answer_failure,
    }
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
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_SECONDS_TO_END,
    )
    return uvicorn.Server(config)
