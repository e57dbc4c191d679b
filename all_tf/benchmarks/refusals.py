"""How often a run refuses to answer: for known cells, disturbed ones, fields and foreign cells."""

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from all_tf.data.cells import Cells, limit_cells
from all_tf.data.disturbances import DISTURBANCES
from all_tf.data.image_files import measure_new_cells
from all_tf.data.splits import load_set
from all_tf.evaluation.answers import NONE, AnsweredCell, answer_cells
from all_tf.evaluation.scorers import Scorer, load_scorers
from all_tf.evaluation.set_place import set_place
from all_tf.runs.errors import RunError
from all_tf.runs.folder import EvaluationSet, read_config
from all_tf.runs.stamps import LEARNT_BY_PARENT, evaluated_on
from all_tf.system.progress import track
from tfrecords.codec.pictures import decode_picture
from tfrecords.codec.regular_file import read_image_file
from tfrecords.schema import IMAGE_SIDE

_CELL_SIDE = 200  # Pixels of a foreign cell's longer side: between HEM and ALL of C-NMC.
_MET = {
    "optimistic",
    "resubstitution",
    "leaky folds",
    LEARNT_BY_PARENT,
}  # Stamps of sets with known patients.
_Named = Iterable[tuple[str, Image.Image]]


def benchmark_refusals(
    run: Path,
    asked: EvaluationSet,
    *,
    num_images: int,
    fields: Path | None = None,
    foreign: Sequence[Path] = (),
) -> dict:
    """Answer for held-out cells, as they are and disturbed, and for images that are no known cells.

    Args:
        run: A finished run.
        asked: A set of whose patients the run has met none.
        num_images: Cells of it, evenly over classes and patients.
        fields: A folder of fields of view; None for none.
        foreign: Folders with pictures `NAME.png` of one foreign white cell each, and masks of it,
            `NAME_mask.png`, above 0 in the cell. The cells are laid on black, as large as here.

    Returns:
        `set`, `num_patients`, and `rows`: for each `what` the `num_images`, the shares `refused`,
        `changed` (a positive that had been negative, or the other way round, with the network
        alone), `harmless` (refused, or the same decision as before), and `refused_for`, the share
        by the first word of each reason. Of fields and foreign cells nothing is `changed`.

    Raises:
        RunError: The run knows patients of the set, or has no limits.
    """
    scorers = load_scorers([run])
    if any(scorer.known is None for scorer in scorers):
        raise RunError(f"{run} is of an earlier version, without known_cells.json. Train again.")
    experiment, facts = read_config(run)
    if asked.split is None:
        split, fold = evaluated_on(experiment, asked.records or Path(facts["records"]))
        asked = asked._replace(split=split, fold=fold)
    split, fold = asked.split_and_fold()
    loaded = load_set(facts, asked)
    if met := sorted(_MET & set(set_place(run, loaded, split, fold).stamps)):
        raise RunError(
            f"{run} has met patients of this set ({', '.join(met)}), so that its refusals say "
            "nothing of others. Name a set that was held out, by --split or --records."
        )
    cells = limit_cells(loaded.cells, num_images, seed=0)
    images = [_pixels(png) for png in cells.pngs]
    before = _answers(scorers, zip(cells.names, map(Image.fromarray, images), strict=True))
    rows = [_row("known cells, held out", before, before), _by_patient(cells, before)]
    for what, disturb in DISTURBANCES.items():
        changed = (Image.fromarray(disturb(image)) for image in images)
        named = track(zip(cells.names, changed, strict=True), what, len(images))
        rows.append(_row(what, _answers(scorers, named), before))
    if fields is not None:
        rows.append(_row("a field", _answers(scorers, _files(fields)), None))
    rows += [
        _row(f"foreign cells: {folder.name}", _answers(scorers, _foreign_cells(folder)), None)
        for folder in foreign
    ]
    return {"set": asked.split, "num_patients": len(set(cells.patients)), "rows": rows}


def _answers(scorers: Sequence[Scorer], named: _Named) -> list[AnsweredCell]:
    return answer_cells(scorers, measure_new_cells(named, scorers[0].ranges))


def _row(what: str, after: list[AnsweredCell], before: list[AnsweredCell] | None) -> dict:
    refused = np.array([each.answer == NONE for each in after])
    words = [word for each in after for word in dict.fromkeys(map(_first, _reasons(each)))]
    row = {
        "what": what,
        "num_images": len(after),
        "refused": float(np.mean(refused)),
        "refused_for": {word: words.count(word) / len(after) for word in sorted(set(words))},
    }
    if before is not None:
        decision_of_name = {each.name: each.decision for each in before}
        changed = np.array([each.decision != decision_of_name[each.name] for each in after])
        row |= {
            "changed": float(np.mean(changed)),
            "harmless": float(np.mean(refused | ~changed)),
        }
    return row


def _reasons(cell: AnsweredCell) -> list[str]:
    return cell.reason.split("; ") if cell.reason else []


def _first(reason: str) -> str:
    return reason.split(":")[0].split(" ")[0]


def _by_patient(cells: Cells, answered: list[AnsweredCell]) -> dict:
    """Refusals as a mean over patients, who have different numbers of cells."""
    refused = np.array([each.answer == NONE for each in answered])
    shares = [float(np.mean(refused[cells.groups == group])) for group in np.unique(cells.groups)]
    return {
        "what": "known cells, mean of patients",
        "num_images": len(cells),
        "refused": float(np.mean(shares)),
        "highest_of_a_patient": max(shares),
    }


def _pixels(png: bytes | memoryview) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


def _files(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".png"))
    if not files:
        raise FileNotFoundError(f"No .jpg or .png in {folder}. Name the folder that holds them.")
    for path in track(files, folder.name, len(files)):
        yield path.name, decode_picture(read_image_file(path))


def _foreign_cells(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    masks = sorted(folder.glob("*_mask.png"))
    if not masks:
        raise FileNotFoundError(f"No NAME_mask.png beside NAME.png in {folder}. Name another one.")
    for path in track(masks, folder.name, len(masks)):
        picture = decode_picture(read_image_file(folder / f"{path.name[:-9]}.png"))
        with Image.open(path) as file:
            inside = np.asarray(file.convert("L")) > 0
        yield path.name, _on_black(np.asarray(picture), inside)


def _on_black(pixels: np.ndarray, inside: np.ndarray) -> Image.Image:
    """A cell alone, centred, its longer side as long as that of a usual cell."""
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    cell = Image.fromarray(np.where(inside[..., np.newaxis], pixels, np.uint8(0))[box])
    factor = _CELL_SIDE / max(cell.size)
    size = (max(1, round(cell.width * factor)), max(1, round(cell.height * factor)))
    # The mask is resized apart, so that the edge stays sharp, as a cut in the large picture has it.
    mask = Image.fromarray(np.uint8(255) * inside[box].astype(np.uint8)).resize(size)
    filled = Image.fromarray(pixels[box]).resize(size, Image.Resampling.BICUBIC)
    canvas = Image.new("RGB", (IMAGE_SIDE, IMAGE_SIDE))
    place = ((IMAGE_SIDE - size[0]) // 2, (IMAGE_SIDE - size[1]) // 2)
    canvas.paste(filled, place, mask.point(lambda value: 255 if value > 127 else 0))
    return canvas
