"""The answer to a request: the rows of predict.py and, if asked for, images of the cells."""

import asyncio
import base64
import io
from collections.abc import Sequence
from functools import partial

import numpy as np
from PIL import Image

from all_tf.analysis.answer_picture import heat_pictures
from all_tf.data.cells import Cells
from all_tf.data.image_files import NewCells, new_cells_of
from all_tf.evaluation.predict_images import Predictor, answer_rows, summarise_answers
from all_tf.export.metadata import RESEARCH_USE
from all_tf.page.limits import PageLimits, RefusalError
from all_tf.page.predict_request import Picture, PredictRequest
from all_tf.page.readers import Readers
from all_tf.page.reading import ReadPictures, read_cells, read_fields
from all_tf.page.scoring import ScoringThread
from all_tf.runs.errors import RunError
from all_tf.system.tables import csv_text

_READ_TOGETHER = 8  # Pictures of one cell that a process reads in one go.
_HEATED_TOGETHER = 4  # Cells; others have their turn after so many.


class PredictionService:
    """Reads, scores and describes the pictures of requests, many at the same time.

    Args:
        predictor: Answers.
        readers: Read the pictures.
        scoring: Runs the networks.
        limits: Of a request.
    """

    def __init__(
        self, predictor: Predictor, readers: Readers, scoring: ScoringThread, limits: PageLimits
    ):
        self.predictor, self.scoring, self.limits = predictor, scoring, limits
        self._readers = readers

    async def predict(self, asked: PredictRequest) -> dict[str, object]:
        """The content of `predict.py --format json`, with what else was asked for.

        Each row also has `index`, the place of its picture among `asked.pictures`.

        Raises:
            RefusalError: The pictures ask for too much, or the server is busy.
        """
        read = await self._read(asked)
        new = new_cells_of(read.measured, self.predictor.ranges, problems=read.problems)
        usable = await asyncio.to_thread(self.predictor.usable, new)
        try:
            answered = await self.scoring.answer(usable)
        except RunError as error:
            raise RefusalError(500, str(error)) from error
        kept = _kept(new, usable)
        index_of = {each.name: index for index, each in enumerate(asked.pictures)}
        indices = [index_of[each] for each in read.sources]
        patients = [asked.pictures[index].patient or "" for index in indices]
        ids = [patients[place] for place in kept] if any(patients) else None
        rows = answer_rows(answered, self.predictor.scorers[0].classes, patients=ids)
        content: dict[str, object] = {
            "images": [
                {**row, "index": indices[place]} for row, place in zip(rows, kept, strict=True)
            ],
            "patients": [] if ids is None else summarise_answers(answered, ids),
            "not_scored": usable.problems,
            "notes": read.notes,
            "use": RESEARCH_USE,
        }
        if asked.thumbnails:
            content["thumbnails"] = [_data_uri(read.thumbnails[place]) for place in kept]
        if asked.heat:
            content |= await self._heat(usable.cells)
        if asked.csv:
            content["csv"] = csv_text(rows) if rows else ""
        return content

    async def _read(self, asked: PredictRequest) -> ReadPictures:
        joined = ReadPictures([], [], [], [])
        for pictures in self._parts(asked):
            left = self.limits.most_pixels - joined.num_pixels
            part = await self._read_part(pictures, asked, most_pixels=left)
            if part.num_pixels > left:
                most = self.limits.most_pixels
                raise RefusalError(
                    413, f"Expected at most {most:,} pixels in a request's pictures."
                )
            joined = joined.followed_by(part)
        return joined

    def _parts(self, asked: PredictRequest) -> list[list[Picture]]:
        """Neighbours of one patient; fields all together, since they have one scale."""
        parts: list[list[Picture]] = []
        most = self.limits.most_fields if asked.kind == "field" else _READ_TOGETHER
        for picture in asked.pictures:
            if not parts or len(parts[-1]) == most or parts[-1][0].patient != picture.patient:
                parts.append([])
            parts[-1].append(picture)
        return parts

    async def _read_part(
        self, pictures: Sequence[Picture], asked: PredictRequest, *, most_pixels: int
    ) -> ReadPictures:
        files = [(each.name, each.content) for each in pictures]
        if asked.kind == "cell":
            work = partial(read_cells, files, thumbnails=asked.thumbnails, most_pixels=most_pixels)
            return await self._readers.run(work, seconds=self.limits.seconds_to_read)
        cut = partial(
            read_fields,
            files,
            microns_per_pixel=asked.microns_per_pixel,
            thumbnails=asked.thumbnails,
            most_pixels=most_pixels,
        )
        return await self._readers.run(cut, seconds=self.limits.seconds_to_cut)

    async def _heat(self, cells: Cells) -> dict[str, object]:
        """Heat maps of the first cells, a few at a time; or why there are none."""
        maps: list[dict[str, str]] = []
        for start in range(0, min(len(cells), self.limits.most_heat_maps), _HEATED_TOGETHER):
            end = min(start + _HEATED_TOGETHER, self.limits.most_heat_maps, len(cells))
            some = cells.take(np.arange(start, end))
            work = partial(_heat_uris, some, self.predictor)
            try:
                maps += await self.scoring.call(work)
            except ValueError as error:  # A feature map of one pixel.
                return {"heat_maps": [], "no_heat_maps": str(error)}
        return {"heat_maps": maps}


def _kept(new: NewCells, usable: NewCells) -> list[int]:
    """The places of usable images among all that were read, by their PNGs; names may be equal."""
    place_of = {id(png): place for place, png in enumerate(new.cells.pngs)}
    return [place_of[id(png)] for png in usable.cells.pngs]


def _heat_uris(cells: Cells, predictor: Predictor) -> list[dict[str, str]]:
    positive, negative = heat_pictures(cells, predictor.scorers)
    return [
        {"positive": _data_uri(_png(one)), "negative": _data_uri(_png(other))}
        for one, other in zip(positive, negative, strict=True)
    ]


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
