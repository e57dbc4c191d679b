"""Access to the server: who may ask, from which pages, and what its errors may say."""

import asyncio
import hmac
import sys
import traceback
from typing import NamedTuple
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from all_tf.page.limits import RefusalError

_FAILED = "The server failed at this request; its log says where."
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


class Door(NamedTuple):
    """Who is let in."""

    hosts: frozenset[str]  # What the header Host may say; empty for anything.
    token: str | None  # What every request has to bring.
    port: int


class Guard:
    """Checks each request before the application sees it, and answers errors.

    Args:
        app: The application.
        door: Who is let in.
    """

    def __init__(self, app: ASGIApp, door: Door):
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other kinds of connections go to the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            response = self._refused(scope)
            await (response or self._app)(scope, receive, send_with_headers)
        except asyncio.CancelledError:  # The server ends; uvicorn would log it as a failure.
            if not begun:
                await json_error(503, "The server ends.")(scope, receive, send_with_headers)
        except Exception as error:
            _log(error)
            if not begun:
                await json_error(500, _FAILED)(scope, receive, send_with_headers)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if self._door.hosts and host not in self._door.hosts:
            return json_error(403, "This address is not the server's. Open the one it printed.")
        origin = headers.get("origin")
        same = (f"http://{host}", f"https://{host}")
        if origin is not None and origin.lower() not in same:
            return json_error(403, "Pages of other origins may not ask this server.")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and (
            scope["method"] != "GET" or headers.get("sec-fetch-dest") != "document"
        ):
            return json_error(403, "Pages of other origins may not ask this server.")
        return self._without_token(scope, headers) if self._door.token else None

    def _without_token(self, scope: Scope, headers: Headers) -> Response | None:
        """Nothing for a request with the token; one that brings it in its address gets a cookie."""
        cookie = f"all_tf_{self._door.port}"
        brought = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] == "GET" and self._is_token(brought):
            response = RedirectResponse("/", status_code=303)
            response.set_cookie(cookie, brought, httponly=True, samesite="strict")
            return response
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self._is_token(bearer) or self._is_token(_cookie_of(headers, cookie)):
            return None
        text = "Expected the token: Authorization: Bearer TOKEN, or open /?token=TOKEN."
        return json_error(401, text)

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), str(self._door.token).encode())


def json_error(status: int, message: str) -> JSONResponse:
    """The answer to a request that failed: {"error": MESSAGE}."""
    response = JSONResponse({"error": message}, status)
    if status == 503:
        response.headers["Retry-After"] = "2"
    return response


def answer_http_error(_: Request, error: Exception) -> Response:
    """Starlette's handler for an address or a method that it does not know."""
    if not isinstance(error, HTTPException):
        raise error
    return json_error(error.status_code, error.detail)


def answer_failure(_: Request, error: Exception) -> Response:
    """Starlette's handler for any other exception, which the guard then logs."""
    return json_error(500, _FAILED)


def answer_refusal(_: Request, refusal: Exception) -> Response:
    """Starlette's handler for `RefusalError`."""
    if not isinstance(refusal, RefusalError):
        raise refusal
    return json_error(refusal.status, refusal.message)


def _cookie_of(headers: Headers, name: str) -> str:
    """The value of a cookie; empty if there is none.

    All ports of a host share their cookies, and SimpleCookie gives up at the first that it does
    not understand, such as `x={"a":1}` of another program.
    """
    pairs = (each.partition("=") for each in headers.get("cookie", "").split(";"))
    return next((value.strip() for found, _, value in pairs if found.strip() == name), "")


def _log(error: Exception) -> None:
    """Print where an error was raised, and not its message, which may hold the name of a file."""
    places = traceback.extract_tb(error.__traceback__)
    where = ", ".join(f"{each.name} line {each.lineno}" for each in places[-3:])
    print(f"error: {type(error).__name__} in {where}", file=sys.stderr, flush=True)
