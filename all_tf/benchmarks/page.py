"""Images a second of the page under load, beside predict.py; are the answers equal, memory flat?"""

import base64
import http.client
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from PIL import Image

from all_tf.data.image_files import read_new_cells
from all_tf.evaluation.predict_images import answer_rows, load_predictor
from all_tf.system.script_command import process_command
from tfrecords.codec.png import encode_png
from tfrecords.synthetic.cells import draw_cell

_NUM_DRAWN = 40  # Different cells; the others are copies.
_WARM_SHARE = 0.2  # Of the requests, before memory is first read.
_MIB = 1 << 20


def benchmark_page(run: Path, *, num_requests: int, num_clients: int) -> dict[str, object]:
    """Send images of drawn cells, one a request, from clients that each wait for their answers.

    Args:
        run: A finished run.
        num_requests: In all.
        num_clients: At the same time.

    Returns:
        `images_per_second`, `predict_images_per_second`, without the start of either, and
        `ratio_to_predict`; `lost`, requests without an answer; `answers_that_differ` and
        `largest_difference` of a probability, from predict.py's; `median_ms` and `slowest_ms` of a
        request; `warm_mib` and `end_mib`, the memory of the server and its processes after a fifth
        of the requests and after all.
    """
    with tempfile.TemporaryDirectory() as name:
        files = _draw(Path(name), num_requests)
        with _page(run) as (port, process):
            _send(files[:num_clients], port, num_clients=num_clients)  # Compiles the network.
            num_warm = int(num_requests * _WARM_SHARE)
            began = time.perf_counter()
            replies = _send(files[:num_warm], port, num_clients=num_clients)
            warm = _memory(process)
            replies += _send(files[num_warm:], port, num_clients=num_clients)
            seconds = time.perf_counter() - began
            end = _memory(process)
        rows, seconds_of_predict = _predict(run, files)
    return _compare(replies, rows) | {
        "num_requests": num_requests,
        "num_clients": num_clients,
        "images_per_second": round(num_requests / seconds, 2),
        "predict_images_per_second": round(num_requests / seconds_of_predict, 2),
        "ratio_to_predict": round(seconds_of_predict / seconds, 3),
        "warm_mib": round(warm, 1),
        "end_mib": round(end, 1),
    }


class _Reply(NamedTuple):
    row: dict | None  # None where there was no answer.
    seconds: float


def _draw(folder: Path, number: int) -> list[Path]:
    """PNG files of drawn cells."""
    rng = np.random.default_rng(0)
    pngs = [
        encode_png(Image.fromarray(draw_cell(rng, label=place % 2))) for place in range(_NUM_DRAWN)
    ]
    files = [folder / f"{place}.png" for place in range(number)]
    for place, file in enumerate(files):
        file.write_bytes(pngs[place % _NUM_DRAWN])
    return files


@contextmanager
def _page(run: Path) -> Iterator[tuple[int, psutil.Process]]:
    """The command page.py on a free port."""
    command = [*process_command("page"), str(run), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            said = child.stdout.readline() if child.stdout else ""
            found = re.search(r":(\d+)/", said)
            if found is None:
                raise ValueError(f"The page of {run} did not start.")
            yield int(found[1]), psutil.Process(child.pid)
        finally:
            child.terminate()


def _send(files: Sequence[Path], port: int, *, num_clients: int) -> list[_Reply]:
    with ThreadPoolExecutor(num_clients) as clients:
        shares = clients.map(
            lambda client: [_ask(file, port) for file in files[client::num_clients]],
            range(num_clients),
        )
        by_client = list(shares)
    return [by_client[place % num_clients][place // num_clients] for place in range(len(files))]


def _ask(file: Path, port: int) -> _Reply:
    image = {"name": str(file), "data": base64.b64encode(file.read_bytes()).decode()}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    began = time.perf_counter()
    try:
        body, kind = json.dumps({"images": [image]}), {"Content-Type": "application/json"}
        connection.request("POST", "/predict", body, kind)
        answer = connection.getresponse()
        content = json.loads(answer.read())
        row = content["images"][0] if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        row = None
    finally:
        connection.close()
    return _Reply(row, time.perf_counter() - began)


def _predict(run: Path, files: Sequence[Path]) -> tuple[list[dict[str, object]], float]:
    """The rows of predict.py, and the seconds from files to answers."""
    predictor = load_predictor([run])
    predictor.answer(predictor.usable(read_new_cells(files[:32], predictor.ranges)))
    began = time.perf_counter()
    answered = predictor.answer(predictor.usable(read_new_cells(files, predictor.ranges)))
    seconds = time.perf_counter() - began
    return answer_rows(answered, predictor.scorers[0].classes, patients=None), seconds


def _memory(process: psutil.Process) -> float:
    """MiB of a process and of those that it has started."""
    family = [process, *process.children(recursive=True)]
    return sum(each.memory_info().rss for each in family) / _MIB


def _compare(replies: Sequence[_Reply], rows: Sequence[dict]) -> dict[str, object]:
    pairs = [
        (reply.row, row) for reply, row in zip(replies, rows, strict=True) if reply.row is not None
    ]
    texts = ("path", "answer", "decision", "reason", "warnings", "nearest_patient")
    differences = [abs(one["probability"] - other["probability"]) for one, other in pairs]
    milliseconds = [1000 * reply.seconds for reply in replies]
    return {
        "lost": len(replies) - len(pairs),
        "answers_that_differ": sum(any(a[key] != b[key] for key in texts) for a, b in pairs),
        "largest_difference": max(differences, default=0.0),
        "median_ms": round(float(np.median(milliseconds))),
        "slowest_ms": round(max(milliseconds)),
    }
