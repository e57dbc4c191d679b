"""The limits of a request, and the error that refuses one that exceeds them."""

from typing import NamedTuple

MIB = 1 << 20


class PageLimits(NamedTuple):
    """Bounds of a server; docs/page.md names them."""

    most_bytes: int = 64 * MIB  # Of a request.
    most_bytes_held: int = 512 * MIB  # Of all requests that are being answered.
    most_images: int = 200  # Of a request.
    most_fields: int = 8  # Of a request, if its pictures are fields of view.
    most_pixels: int = 100_000_000  # Of all pictures of a request.
    most_heat_maps: int = 96  # Of a request; further images have none.
    most_waiting: int = 64  # Pieces of work for the one thread that scores.
    seconds_to_send: float = 60  # The body of a request.
    seconds_to_read: float = 60  # A few images in a process of their own.
    seconds_to_cut: float = 180  # The fields of a request, there.
    seconds_to_score: float = 120  # A piece of work, its wait included.


class RefusalError(Exception):
    """A request that is not answered; an HTTP status and a message for its sender."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status, self.message = status, message


def busy(what: str) -> RefusalError:
    """The refusal of a request that may be sent again soon."""
    return RefusalError(503, f"The server is busy: {what}. Send the request again in some seconds.")
