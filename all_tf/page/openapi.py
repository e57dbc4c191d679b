"""The description of the API in OpenAPI 3.1, made from the limits and the classes of a server."""

from all_tf import __version__
from all_tf.page.limits import PageLimits
from all_tf.page.predict_request import KINDS, MOST_OF_NAME

_NUMBER, _TEXT, _FLAG = {"type": "number"}, {"type": "string"}, {"type": "boolean"}
_NAME = {"type": "string", "maxLength": MOST_OF_NAME}
_COUNT = {"type": "integer", "minimum": 0}
_SHARE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_PROBABILITY = {"type": "number", "minimum": 0, "maximum": 1}
_DATA_URI = {"type": "string", "description": "A PNG as a data URI."}
_PATH = (
    "The name that was sent, with a number where another picture has it; image and the index where "
    "none was sent. Of fields, with the number of the cell."
)
_STATUS = {
    400: "The request is malformed, holds unknown keys, or patients whose names look alike.",
    401: "The token is missing; only where the server was started with one.",
    403: "The request comes from a page of another origin, or names another host.",
    408: "The body did not arrive in time.",
    413: "More bytes, pixels or pictures than the limits of GET /model.",
    415: "Neither JSON nor multipart.",
    422: "A picture took too long to read, or ended the process that read it.",
    500: "The server or the network failed.",
    503: "The server is busy; send the request again after Retry-After seconds.",
}


def describe_api(classes: tuple[str, str], limits: PageLimits) -> dict[str, object]:
    """The document that GET /openapi.json answers.

    Args:
        classes: The negative and the positive class.
        limits: Of a request.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "all_tf",
            "version": __version__,
            "description": (
                "Answers for images of single white blood cells: positive "
                f"({classes[1]}), negative ({classes[0]}) or none. For research use only."
            ),
        },
        "paths": {
            "/predict": {"post": _predict()},
            "/model": {"get": _get("What answers: its runs, digests, stamps and limits.")},
            "/health": {"get": _get("Whether the server works, and how much waits.")},
        },
        "components": {"schemas": _schemas(classes, limits)},
    }


def _get(summary: str) -> dict[str, object]:
    answer = {"description": "OK", "content": _json({"type": "object"})}
    return {"summary": summary, "responses": {"200": answer, **_errors(401, 403, 503)}}


def _predict() -> dict[str, object]:
    answer = {"description": "Answers, as of predict.py.", "content": _json(_ref("Answers"))}
    return {
        "summary": "Answer for pictures of one cell each, or for the cells of smear fields.",
        "requestBody": {
            "required": True,
            "content": {
                **_json(_ref("PicturesAsJson")),
                "multipart/form-data": {"schema": _ref("PicturesAsForm")},
            },
        },
        "responses": {"200": answer, **_errors(*_STATUS)},
    }


def _errors(*statuses: int) -> dict[str, object]:
    return {
        str(status): {"description": _STATUS[status], "content": _json(_ref("Error"))}
        for status in statuses
    }


def _schemas(classes: tuple[str, str], limits: PageLimits) -> dict[str, object]:
    wishes = {
        "kind": {"enum": list(KINDS), "default": "cell", "description": "Of all pictures."},
        "microns_per_pixel": {
            "type": ["number", "null"],
            "minimum": 0.01,
            "maximum": 1,
            "description": "Of fields; by default measured on their red cells.",
        },
        "patient": _NAME | {"description": "Of all pictures; asks for a summary."},
        "heat": _FLAG | {"description": f"Heat maps of the first {limits.most_heat_maps} cells."},
        "thumbnails": _FLAG | {"description": "The cells as they are scored, smaller."},
        "csv": _FLAG | {"description": "The table as predict.py writes it."},
    }
    most = {"minItems": 1, "maxItems": limits.most_images}
    files = {"type": "array", "items": {"type": "string", "format": "binary"}, **most}
    images = {"type": "array", "items": _ref("Picture"), **most}
    return {
        "Picture": _request({"data": _base64(), "name": _NAME, "patient": _NAME}, needed="data"),
        "PicturesAsJson": _request({"images": images, **wishes}, needed="images"),
        "PicturesAsForm": _request({"images": files, **wishes}, needed="images"),
        "Answers": _answers(),
        "Answer": _answer(classes),
        "Patient": _patient(),
        "Error": _object({"error": _TEXT}, needed=["error"]),
    }


def _answers() -> dict[str, object]:
    heat = _object({"positive": _DATA_URI, "negative": _DATA_URI}, needed=["positive", "negative"])
    needed = {
        "images": _array(_ref("Answer")),
        "patients": _array(_ref("Patient")),
        "not_scored": _array(_TEXT | {"description": "NAME: REASON"}),
        "notes": _array(_TEXT | {"description": "Of fields: their scale and their cells."}),
        "use": _TEXT,
    }
    asked_for = {
        "thumbnails": _array(_DATA_URI),
        "heat_maps": _array(heat),
        "no_heat_maps": _TEXT,
        "csv": _TEXT,
    }
    return _object(needed | asked_for, needed=list(needed))


def _answer(classes: tuple[str, str]) -> dict[str, object]:
    needed = {
        "path": _TEXT | {"description": _PATH},
        "index": _COUNT | {"description": "The place of its picture in the request, from 0."},
        "score": _PROBABILITY,
        "calibrated_score": _PROBABILITY,
        "decision": {"enum": list(classes)},
        "threshold": _PROBABILITY,
        "warnings": _TEXT,
        "probability": _PROBABILITY,
        "answer": {"enum": ["positive", "negative", "none"]},
        "reason": _TEXT | {"description": "Why the answer is none."},
        "nearest_patient": _TEXT,
    }
    return _object(needed | {"patient": _TEXT}, needed=list(needed))


def _patient() -> dict[str, object]:
    counts = ("num_cells", "num_positive", "num_negative", "num_none")
    shares = ("share_positive", "share_positive_low", "share_positive_high", "mean_probability")
    fields = {"patient": _TEXT, **dict.fromkeys(counts, _COUNT), **dict.fromkeys(shares, _SHARE)}
    return _object(fields, needed=list(fields))


def _object(properties: dict, *, needed: list[str]) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": needed}


def _request(properties: dict, *, needed: str) -> dict[str, object]:
    """An object that is sent: keys that are none of these are refused."""
    return {**_object(properties, needed=[needed]), "additionalProperties": False}


def _array(items: dict) -> dict[str, object]:
    return {"type": "array", "items": items}


def _base64() -> dict[str, object]:
    return {"type": "string", "contentEncoding": "base64", "description": "A picture file."}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: dict) -> dict[str, object]:
    return {"application/json": {"schema": schema}}
