"""What a request asks for, checked: its pictures, their names and patients, and its wishes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from all_tf.page.limits import PageLimits, RefusalError
from tfrecords.names import alike, legible, look_of, name_fault, one_spelling, unique_names

MOST_OF_NAME = 255  # Characters, of a picture's name or a patient's.
_MOST_SHOWN = 50  # Characters of a key that is refused.
_LEAST_MICRONS, _MOST_MICRONS = 0.01, 1.0  # As cut_cells.py takes them.
_TRUE, _FALSE = ("1", "true", "on", "yes"), ("", "0", "false", "off", "no")
_FLAGS = ("heat", "thumbnails", "csv")
KINDS = ("cell", "field")  # Of pictures.
IMAGES = "images"  # The key of the pictures.
WISHES = ("kind", "microns_per_pixel", "patient", *_FLAGS)  # All other keys of a request.


class SentPicture(NamedTuple):
    """A picture file as it was sent."""

    name: object  # None or empty where it has none.
    content: bytes
    patient: object  # None where it has none.


class Picture(NamedTuple):
    """A picture file of a request."""

    name: str  # No other picture of the request has it.
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


def request_of(
    sent: Sequence[SentPicture], wishes: Mapping[str, object], limits: PageLimits
) -> PredictRequest:
    """Check what was sent, and tell its pictures and their patients apart.

    Equal names are numbered; a picture without a name is `image 0`, with its place in the request.

    Args:
        sent: The pictures, in their order.
        wishes: Values of WISHES; other keys are not looked at.
        limits: Of a request.

    Raises:
        RefusalError: There are too many pictures, or none; a value is malformed; or two patients
            have names that look alike.
    """
    kind = wishes.get("kind", "cell")
    if not isinstance(kind, str) or kind not in KINDS:
        raise RefusalError(400, f"Expected a kind of {' or '.join(KINDS)}.")
    _refuse_number(len(sent), kind, limits)
    names = unique_names([_name(each.name, place) for place, each in enumerate(sent)])
    patients = [_patient(each.patient) for each in sent]
    _refuse_alike(patients)
    contents = [each.content for each in sent]
    pictures = [Picture(*each) for each in zip(names, contents, patients, strict=True)]
    flags = {name: _flag(name, wishes.get(name, False)) for name in _FLAGS}
    return PredictRequest(pictures, kind, _microns(wishes.get("microns_per_pixel")), **flags)


def refuse_unknown(keys: Iterable[str], known: Sequence[str]) -> None:
    """Refuse keys that mean nothing: a wish that is mistyped would not be met.

    Raises:
        RefusalError: A key is none of those that are known.
    """
    for key in keys:
        if key not in known:
            raise RefusalError(
                400,
                f"Expected no keys but {', '.join(known)}. Received: {_shown(key)}. Correct it, or "
                "leave it out.",
            )


def refuse_repeated(keys: Iterable[str], *, instead: str = "Send it once.") -> None:
    """Refuse a key that comes again: only one of its values could count.

    Args:
        keys: As they were sent.
        instead: What to do, a sentence.

    Raises:
        RefusalError: A key comes twice.
    """
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            expected = "Expected each key once. Received more than once:"
            raise RefusalError(400, f"{expected} {_shown(key)}. {instead}")
        seen.add(key)


def _shown(key: str) -> str:
    return legible(key[:_MOST_SHOWN]) + "..." * (len(key) > _MOST_SHOWN)


def _refuse_number(number: int, kind: str, limits: PageLimits) -> None:
    if not number:
        raise RefusalError(400, "Expected at least one picture. Received: none.")
    what, most = ("pictures", limits.most_images)
    if kind == "field":
        what, most = ("fields", limits.most_fields)
    if number > most:
        raise RefusalError(413, f"Expected at most {most} {what} a request. Received: {number}.")


def _name(held: object, place: int) -> str:
    """A name as it is shown and written: one spelling, legible, of a bounded length."""
    text = "" if held is None else _text(held, "name of each picture")
    return legible(one_spelling(text)) or f"image {place}"


def _patient(held: object) -> str | None:
    """The name of a patient, as `predict.py --patients` takes it; None where it is empty."""
    if held is None:
        return None
    patient = one_spelling(_text(held, "name of each patient"))
    if fault := name_fault(patient):
        raise RefusalError(400, f"Patient {legible(patient)}: {fault}.")
    return patient or None


def _text(held: object, what: str) -> str:
    if not isinstance(held, str):
        raise RefusalError(400, f"Expected the {what} as text.")
    if len(held) > MOST_OF_NAME:
        raise RefusalError(
            400,
            f"Expected the {what} in at most {MOST_OF_NAME} characters. Received: {len(held)}. "
            "Shorten it.",
        )
    return held


def _refuse_alike(patients: Iterable[str | None]) -> None:
    first_of_look: dict[str, str] = {}
    for patient in filter(None, patients):
        known = first_of_look.setdefault(look_of(patient), patient)
        if known != patient:
            raise RefusalError(400, f"In this request {alike(known, patient)}.")


def _flag(name: str, held: object) -> bool:
    text = str(held).lower()
    if text not in (*_TRUE, *_FALSE):
        raise RefusalError(400, f"Expected true or false for {name}.")
    return text in _TRUE


def _microns(held: object) -> float | None:
    if held is None or held == "":
        return None
    number = math.nan
    if isinstance(held, str | int | float) and not isinstance(held, bool):
        with suppress(ValueError, OverflowError):
            number = float(held)
    if not _LEAST_MICRONS <= number <= _MOST_MICRONS:
        bounds = f"{_LEAST_MICRONS} to {_MOST_MICRONS:g}"
        raise RefusalError(400, f"Expected microns_per_pixel of {bounds}.")
    return number
