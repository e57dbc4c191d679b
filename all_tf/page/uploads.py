"""The body of a request: received within limits, kept in memory, and parsed."""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from all_tf.page.limits import PageLimits, RefusalError, busy
from all_tf.page.predict_request import (
    IMAGES,
    WISHES,
    PredictRequest,
    SentPicture,
    refuse_repeated,
    refuse_unknown,
    request_of,
)

_SLICE = 1 << 16  # Bytes that are parsed before others have their turn.
_MOST_MARKS = 1000  # Commas and brackets of JSON, a picture: a tiny value takes 20 times its bytes.
_MOST_FIELDS = 16  # Parts of a form that are no files.
_PATIENT_OF_EACH = (
    "For pictures of several patients send JSON, where each picture has a patient of its own."
)
_PICTURE = ("name", "data", "patient")  # The keys of a picture in JSON.


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
        RefusalError: It is neither JSON nor multipart, is malformed, holds too many pictures, or
            has keys that mean nothing or come twice; or the address has a query.
    """
    if request.url.query:
        wanted = "Expected an address without ?: wishes are keys of the body, beside the pictures."
        raise RefusalError(400, wanted)
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type == "application/json":
        return await asyncio.to_thread(_parse_json, body, limits)
    if content_type == "multipart/form-data":
        return await _parse_multipart(request, body, limits)
    expected = "Expected the content type application/json or multipart/form-data."
    raise RefusalError(415, expected)


def _parse_json(body: bytes, limits: PageLimits) -> PredictRequest:
    if sum(body.count(mark) for mark in b",[{") > limits.most_images * _MOST_MARKS:
        raise RefusalError(413, "Expected pictures in base64. Received more JSON than these need.")
    try:
        content = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise RefusalError(400, "Expected JSON. The body is none.") from error
    if not isinstance(content, dict) or not isinstance(content.get(IMAGES), list):
        raise RefusalError(400, 'Expected {"images": [{"name": "...", "data": "BASE64"}, ...]}.')
    refuse_unknown(content, (IMAGES, *WISHES))
    pictures = [_picture(each, content.get("patient")) for each in content[IMAGES]]
    return request_of(pictures, content, limits)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    refuse_repeated(key for key, _ in pairs)
    return dict(pairs)


def _picture(held: object, patient: object) -> SentPicture:
    if not isinstance(held, dict) or not isinstance(held.get("data"), str):
        raise RefusalError(400, 'Expected each image as {"name": "...", "data": "BASE64"}.')
    refuse_unknown(held, _PICTURE)
    try:
        content = base64.b64decode(held["data"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusalError(400, "Expected the data of each image in base64.") from error
    return SentPicture(held.get("name"), content, held.get("patient", patient))


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
        return request_of(*_parts_of(form), limits)
    finally:
        await form.close()


def _parts_of(form: FormData) -> tuple[list[SentPicture], dict[str, str]]:
    """The pictures of a form, each with the patient of all, and its texts by their keys."""
    files = [(key, held) for key, held in form.multi_items() if isinstance(held, UploadFile)]
    texts = [(key, held) for key, held in form.multi_items() if isinstance(held, str)]
    if any(key != IMAGES for key, _ in files) or any(key == IMAGES for key, _ in texts):
        expected = f"Expected files as {IMAGES}, and all else as text. With curl, a file is"
        raise RefusalError(400, f"{expected} -F {IMAGES}=@PATH.")
    refuse_unknown((key for key, _ in texts), WISHES)
    refuse_repeated((key for key, _ in texts), instead=_PATIENT_OF_EACH)
    wishes = dict(texts)
    patient = wishes.get("patient")
    return [SentPicture(held.filename, held.file.read(), patient) for _, held in files], wishes
