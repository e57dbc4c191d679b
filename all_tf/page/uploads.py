"""The body of a request: received within limits, kept in memory, and parsed."""

import asyncio
import base64
import binascii
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from all_tf.page.limits import PageLimits, RefusalError, busy
from tfrecords.names import legible, one_spelling

_SLICE = 1 << 16  # Bytes that are parsed before others have their turn.
_MOST_OF_TEXT = 255  # Characters of a name.
_MOST_MARKS = 1000  # Commas and brackets of JSON, a picture: a tiny value takes 20 times its bytes.
_MOST_FIELDS = 16  # Parts of a form that are no files.
_LEAST_MICRONS, _MOST_MICRONS = 0.01, 1.0  # As cut_cells.py takes them.
_TRUE, _FALSE = ("1", "true", "on", "yes"), ("", "0", "false", "off", "no")
KINDS = ("cell", "field")  # Of pictures.


class Picture(NamedTuple):
    """A picture file of a request."""

    name: str
    content: bytes
    patient: str | None


class PredictRequest(NamedTuple):
    """What a request asks for."""

    pictures: list[Picture]
    kind: str = "cell"  # One of KINDS.
    microns_per_pixel: float | None = None  # Of fields; None: from their red cells.
    heat: bool = False  # Whether heat maps are wanted.
    thumbnails: bool = False  # Whether the answer shows the cells.
    csv: bool = False  # Whether it holds the table as text, too.


class Inbox:
    """Receives bodies; all that are being answered together stay below a bound."""

    def __init__(self, limits: PageLimits):
        self._limits = limits
        self._held = 0

    @asynccontextmanager
    async def receive(self, request: Request) -> AsyncIterator[bytes]:
        """The body of a request, counted until the end of the context.

        Raises:
            RefusalError: It is too large or too slow, or the sender has gone.
        """
        body = bytearray()
        try:
            self._refuse_large(_declared(request))
            async with asyncio.timeout(self._limits.seconds_to_send):
                async for piece in request.stream():
                    self._refuse_large(len(body) + len(piece))
                    if self._held + len(piece) > self._limits.most_bytes_held:
                        raise busy("the pictures of other requests fill its memory")
                    self._held += len(piece)
                    body += piece
            yield bytes(body)
        except TimeoutError as error:
            seconds = self._limits.seconds_to_send
            raise RefusalError(408, f"The body did not arrive within {seconds:g} s.") from error
        except ClientDisconnect as error:
            raise RefusalError(400, "The body ended early.") from error
        finally:
            self._held -= len(body)

    def _refuse_large(self, num_bytes: int) -> None:
        if num_bytes > self._limits.most_bytes:
            most = self._limits.most_bytes
            raise RefusalError(413, f"Expected at most {most:,} bytes. Send the pictures in parts.")


def _declared(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


async def parse_body(request: Request, body: bytes, limits: PageLimits) -> PredictRequest:
    """Take a body apart by its content type.

    Raises:
        RefusalError: It is neither JSON nor multipart, is malformed, or holds too many pictures.
    """
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type == "application/json":
        asked = await asyncio.to_thread(_parse_json, body, limits)
    elif content_type == "multipart/form-data":
        asked = await _parse_multipart(request, body, limits)
    else:
        expected = "Expected the content type application/json or multipart/form-data."
        raise RefusalError(415, expected)
    return _checked(asked, limits)


def _checked(asked: PredictRequest, limits: PageLimits) -> PredictRequest:
    if not asked.pictures:
        raise RefusalError(400, "Expected at least one picture. Received: none.")
    what, most = ("pictures", limits.most_images)
    if asked.kind == "field":
        what, most = ("fields", limits.most_fields)
    if len(asked.pictures) > most:
        number = len(asked.pictures)
        raise RefusalError(413, f"Expected at most {most} {what} a request. Received: {number}.")
    return asked


def _parse_json(body: bytes, limits: PageLimits) -> PredictRequest:
    if sum(body.count(mark) for mark in b",[{") > limits.most_images * _MOST_MARKS:
        raise RefusalError(413, "Expected pictures in base64. Received more JSON than these need.")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusalError(400, "Expected JSON. The body is none.") from error
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise RefusalError(400, 'Expected {"images": [{"name": "...", "data": "BASE64"}, ...]}.')
    pictures = [_picture(each, content.get("patient")) for each in content["images"]]
    return PredictRequest(pictures, **_wishes(content))


def _picture(held: object, patient: object) -> Picture:
    if not isinstance(held, dict) or not isinstance(held.get("data"), str):
        raise RefusalError(400, 'Expected each image as {"name": "...", "data": "BASE64"}.')
    try:
        content = base64.b64decode(held["data"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusalError(400, "Expected the data of each image in base64.") from error
    own = held.get("patient", patient)
    return Picture(_name(held.get("name", "image")), content, _patient(own))


async def _parse_multipart(request: Request, body: bytes, limits: PageLimits) -> PredictRequest:
    async def slices() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(body), _SLICE):
            yield body[start : start + _SLICE]
            await asyncio.sleep(0)

    _, options = parse_options_header(request.headers["content-type"])
    if options.get(b"charset", b"utf-8").lower() != b"utf-8":  # Some take hours to decode.
        raise RefusalError(400, "Expected a form in UTF-8.")
    # One file too many is let through, so that it is counted with the kind of pictures in mind.
    most = max(limits.most_images, limits.most_fields) + 1
    parser = MultiPartParser(request.headers, slices(), max_files=most, max_fields=_MOST_FIELDS)
    parser.spool_max_size = len(body) + 1  # No file becomes one on disk.
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise RefusalError(400, f"Expected a whole multipart form: {error.message}") from error
    except (ValueError, KeyError, LookupError) as error:
        raise RefusalError(400, "Expected a whole multipart form.") from error
    try:
        texts = {key: value for key, value in form.multi_items() if isinstance(value, str)}
        patient = _patient(texts.get("patient"))
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        pictures = [Picture(_name(x.filename), x.file.read(), patient) for x in files]
    finally:
        await form.close()
    return PredictRequest(pictures, **_wishes(texts))


def _wishes(content: Mapping[str, object]) -> dict:
    kind = content.get("kind", "cell")
    if kind not in KINDS:
        raise RefusalError(400, f"Expected a kind of {' or '.join(KINDS)}.")
    flags = {name: _flag(name, content.get(name, False)) for name in ("heat", "thumbnails", "csv")}
    return {"kind": kind, "microns_per_pixel": _microns(content), **flags}


def _flag(name: str, held: object) -> bool:
    text = str(held).lower()
    if text not in (*_TRUE, *_FALSE):
        raise RefusalError(400, f"Expected true or false for {name}.")
    return text in _TRUE


def _microns(content: Mapping[str, object]) -> float | None:
    held = content.get("microns_per_pixel")
    if held is None or held == "":
        return None
    try:
        number = float(held) if isinstance(held, str | int | float) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not _LEAST_MICRONS <= number <= _MOST_MICRONS:
        bounds = f"{_LEAST_MICRONS} to {_MOST_MICRONS:g}"
        raise RefusalError(400, f"Expected microns_per_pixel of {bounds}.")
    return number


def _name(held: object) -> str:
    """A name as it is shown and written: one spelling, legible, of a bounded length."""
    text = held if isinstance(held, str) else "image"
    return legible(one_spelling(text[:_MOST_OF_TEXT])) or "image"


def _patient(held: object) -> str | None:
    if held is None:
        return None
    if not isinstance(held, str):
        raise RefusalError(400, "Expected the patient as text.")
    return legible(one_spelling(held[:_MOST_OF_TEXT]))
