"""A connection of HTTP/1.1 with limits of time."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS_TO_ASK = 15.0  # From the first byte, or the end of the last answer, to a whole head.
SECONDS_TO_ANSWER = 600.0  # From the head until the client has taken the answer.


class TimedConnection(H11Protocol):
    """uvicorn's connection, cut where a client sends no whole head, takes no answer, or sends what
    is no HTTP after its answer has begun.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # uvicorn, too, takes a narrower type here.
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._allow(SECONDS_TO_ASK)

    def data_received(self, data: bytes) -> None:
        """Wait for the answer once a head is whole."""
        before = self.cycle
        try:
            super().data_received(data)
        except h11.LocalProtocolError:  # uvicorn wants to answer 400 where an answer has begun.
            self.transport.abort()
        if self.cycle is not before:
            self._allow(SECONDS_TO_ANSWER)

    def on_response_complete(self) -> None:
        """Wait for the next head, unless it was sent already."""
        before = self.cycle
        super().on_response_complete()
        self._allow(SECONDS_TO_ASK if self.cycle is before else SECONDS_TO_ANSWER)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing."""
        super().connection_lost(exc)
        if self._timer:
            self._timer.cancel()

    def _allow(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self.transport.abort)
