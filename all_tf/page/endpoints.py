"""What the server answers at each of its addresses."""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from all_tf.page.about import describe_model, report_of
from all_tf.page.assets import ASSETS, render_page
from all_tf.page.guard import json_error
from all_tf.page.limits import RefusalError
from all_tf.page.openapi import describe_api
from all_tf.page.service import PredictionService
from all_tf.page.uploads import Inbox, parse_body
from tfrecords.names import legible

_NO_REPORT = "This run has no report, and none could be made; the log of the server says why."
# A report has styles of its own and images inside, and is nobody's script.
_REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Endpoints:
    """The functions behind the addresses, and the texts that stay the same.

    Args:
        service: Answers for pictures.
        runs: The folders that its networks were loaded from.

    Raises:
        RunError: A file of a run is missing or damaged.
    """

    def __init__(self, service: PredictionService, runs: Sequence[Path]):
        self._service, self._runs = service, runs
        self._inbox = Inbox(service.limits)
        self._model = describe_model(service.predictor, service.limits)
        self._page = render_page(self._model, service.limits)
        self._api = describe_api(service.predictor.scorers[0].classes, service.limits)
        self._report_alone = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Each address with what answers there."""
        return [
            Route("/", self._show_page),
            Route("/report", self._show_report),
            Route("/model", self._show_model),
            Route("/health", self._show_health),
            Route("/openapi.json", self._show_api),
            Route("/predict", self._predict, methods=["POST"]),
            *(Route(path, _show_asset) for path in ASSETS),
        ]

    async def _show_page(self, request: Request) -> Response:
        return HTMLResponse(self._page)

    async def _show_report(self, request: Request) -> Response:
        try:
            async with self._report_alone:  # It may have to be made, which takes seconds.
                text = await asyncio.to_thread(report_of, self._runs)
        except (OSError, ValueError) as error:
            # Its message may name the folders of the server.
            print(f"error: no report: {legible(str(error))}", file=sys.stderr, flush=True)
            return json_error(404, _NO_REPORT)
        return HTMLResponse(text, headers={"Content-Security-Policy": _REPORT_POLICY})

    async def _show_model(self, request: Request) -> Response:
        return JSONResponse(self._model)

    async def _show_health(self, request: Request) -> Response:
        scoring = self._service.scoring
        status = "ok" if scoring.works else "the thread of the networks has ended"
        content = {"status": status, "waiting": scoring.num_waiting}
        return JSONResponse(content, 200 if scoring.works else 503)

    async def _show_api(self, request: Request) -> Response:
        return JSONResponse(self._api)

    async def _predict(self, request: Request) -> Response:
        async with self._inbox.receive(request) as body:
            asked = await parse_body(request, body, self._service.limits)
            return JSONResponse(await _while_connected(request, self._service.predict(asked)))


async def _show_asset(request: Request) -> Response:
    content, kind = ASSETS[request.url.path]
    return Response(content, media_type=kind)


async def _while_connected(request: Request, work: Coroutine[Any, Any, dict]) -> dict:
    """What some work gives; it is cancelled where the sender has gone.

    Args:
        request: Its body has been received.
        work: For its sender alone.

    Raises:
        RefusalError: The sender has gone.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_wait_for_end(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise RefusalError(400, "The sender has gone.")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _wait_for_end(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
