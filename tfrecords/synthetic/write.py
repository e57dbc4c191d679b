"""Writes a synthetic C-NMC 2019: drawn cells in the published folders, names and BMP headers.

Imports here are light because each of the processes that draw the cells imports this file.
"""

import functools
import multiprocessing
import os
import shutil
import signal
import struct
import tempfile
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from pathlib import Path
from statistics import NormalDist

import numpy as np

from tfrecords.progress import Progress, untold
from tfrecords.synthetic.cells import draw_cell

ROOT_NAME = "C-NMC_Leukemia"
PRELIMINARY = "validation_data/C-NMC_test_prelim_phase_data"
FINAL = "testing_data/C-NMC_test_final_phase_data"
MIN_IMAGES = 60  # With fewer, some training patient would have no image.

_PUBLISHED = {"train": 10_661, "preliminary": 1_867, "final": 2_586}  # Images.
_ALL_SHARE = {"train": 7_272 / 10_661, "preliminary": 1_219 / 1_867, "final": 1_219 / 1_867}
_CLASS_OF_LABEL = {1: "all", 0: "hem"}
# Some patients of each published fold, by label. H21 is invented: fold_1 has only three of HEM.
_FOLDS = (
    {1: ("1", "4", "11", "20", "52"), 0: ("H6", "H11", "H12", "H24")},
    {1: ("2", "16", "23", "32", "51"), 0: ("H10", "H14", "H21", "H22")},
    {1: ("13", "21", "25", "47"), 0: ("H1", "H2", "H3", "H13", "H23")},
)
_PATIENTS = {
    ("train", 1): (*_FOLDS[0][1], *_FOLDS[1][1], *_FOLDS[2][1]),
    ("train", 0): (*_FOLDS[0][0], *_FOLDS[1][0], *_FOLDS[2][0]),
    ("preliminary", 1): ("57", "59", "60", "62", "63", "66"),
    ("preliminary", 0): ("H27", "H30", "H31", "H32", "H33", "H34"),
    ("final", 1): ("81", "82", "83", "84", "85", "86"),
    ("final", 0): ("H51", "H52", "H53", "H54", "H55", "H56"),
}
_FOLD_OF_PATIENT = {p: i for i, fold in enumerate(_FOLDS) for ids in fold.values() for p in ids}
_TWINS = ("20", "21")  # One person under two ids in two folds, as published.
_DUPLICATES_A_TRAIN_IMAGE = 104 / 10_661
_LOWER_CASE_PATIENT = "H3"
# Standard deviations between patients, in grey levels and in pixels.
_BRIGHTNESS_SD, _DIAMETER_SD = 5.0, 12.0

_PIXELS_PER_METER = 3779  # 96 dots an inch.
_SRGB = 0x73524742
_BYTES_PER_IMAGE = 690_000  # On average: 450x450 or 600x600 pixels of 24 bits.
_IMAGES_PER_PROCESS = 100  # With fewer, a process saves less time than its start takes.


@dataclass(frozen=True)
class _Cell:
    """The plan of one image; its bytes depend on nothing else but the seed."""

    phase: str
    label: int
    patient: str
    count: int  # Number of the image among those of the patient, from 0.
    stream: int  # Number of the random generator; the same stream gives the same pixels.
    brightness: float = 0.0
    diameter_offset: float = 0.0


def write_synthetic(
    out: Path | str,
    *,
    num_images: int = 600,
    seed: int = 0,
    progress: Progress = untold,
) -> Path:
    """Write all three phases to `out/C-NMC_Leukemia`, which appears only when it is complete.

    The same seed gives the same bytes, for any number of processes.

    Args:
        out: Parent folder of the data set; created if missing.
        num_images: Number of images of all phases together, at least `MIN_IMAGES`. The phases keep
            their published proportions.
        seed: Seed of all random numbers, 0 or more.
        progress: Wraps the images as they are drawn.

    Returns:
        The path of the data set.

    Raises:
        ValueError: `num_images` is too small, or `seed` is negative.
        FileExistsError: `out/C-NMC_Leukemia` exists.
        OSError: `out` cannot be written, or the disk has too little room.
    """
    if num_images < MIN_IMAGES or seed < 0:
        raise ValueError(
            f"Expected at least {MIN_IMAGES} images, so that every training patient has one, and "
            f"a seed of 0 or more. Received: num_images={num_images}, seed={seed}"
        )
    target = Path(out) / ROOT_NAME
    if os.path.lexists(target):
        raise FileExistsError(f"{target} exists. Remove it or choose another folder.")
    files = _files(num_images, seed)
    target.parent.mkdir(parents=True, exist_ok=True)
    _check_space(target.parent, num_images)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{ROOT_NAME}.") as unfinished:
        root = Path(unfinished) / ROOT_NAME
        for folder in sorted({(root / name).parent for name in files}):
            folder.mkdir(parents=True)
        _write_labels(root, files)
        _draw_all(root, files, seed=seed, progress=progress)
        root.rename(target)
    return target


def encode_bmp(pixels: np.ndarray, *, header_size: int = 40) -> bytes:
    """Encode pixels as a 24-bit bottom-up BMP with the header of the published files.

    Args:
        pixels: uint8 `(height, width, 3)`, RGB.
        header_size: 40 for a BITMAPINFOHEADER, 124 for the BITMAPV5HEADER of the preliminary phase.
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, (3 * width + 3) // 4 * 4), np.uint8)  # Padded to 4 bytes.
    rows[:, : 3 * width] = pixels[::-1, :, ::-1].reshape(height, -1)
    offset, density = 14 + header_size, _PIXELS_PER_METER
    head = struct.pack("<2sIHHI", b"BM", offset + rows.size, 0, 0, offset)
    head += struct.pack("<IiiHHI", header_size, width, height, 1, 24, 0)
    head += struct.pack("<IiiII", rows.size, density, density, 0, 0)
    if header_size == 124:
        # Masks 0, sRGB, no end points and gamma, intent LCS_GM_IMAGES, no profile.
        head += struct.pack("<4II48xI12x", 0, 0, 0, 0, _SRGB, 4)
    return head + rows.tobytes()


def _files(num_images: int, seed: int) -> dict[str, _Cell]:
    """Map each path inside the data set to its cell, in an order that the arguments fix."""
    cells = _with_looks(_with_duplicates(_cells(num_images)), seed)
    files = {_train_name(cell): cell for cell in cells if cell.phase == "train"}
    for number, (phase, folder) in enumerate((("preliminary", PRELIMINARY), ("final", FINAL))):
        of_phase = [cell for cell in cells if cell.phase == phase]
        # Shuffled because otherwise the number of an image would reveal its class.
        order = _generator(seed, 1, number).permutation(len(of_phase))
        files |= {f"{folder}/{i}.bmp": of_phase[j] for i, j in enumerate(order, start=1)}
    return files


def _cells(num_images: int) -> list[_Cell]:
    """Plan the cells: the published share for each phase, the patients of a class in turn."""
    num_of_phase = {
        phase: round(num_images * _PUBLISHED[phase] / sum(_PUBLISHED.values()))
        for phase in ("train", "preliminary")
    }
    num_of_phase["final"] = num_images - sum(num_of_phase.values())
    cells: list[_Cell] = []
    for phase, num in num_of_phase.items():
        num_all = round(num * _ALL_SHARE[phase])
        for label, num_cells in ((1, num_all), (0, num - num_all)):
            patients = _PATIENTS[phase, label]
            for i in range(num_cells):
                count, turn = divmod(i, len(patients))
                cells.append(_Cell(phase, label, patients[turn], count, stream=len(cells)))
    return cells


def _with_duplicates(cells: list[_Cell]) -> list[_Cell]:
    """Give the second of `_TWINS` the pixels of the first images of the first."""
    first, second = _TWINS
    num_train = sum(cell.phase == "train" for cell in cells)
    num_duplicates = max(1, round(_DUPLICATES_A_TRAIN_IMAGE * num_train))
    streams = [cell.stream for cell in cells if cell.patient == first][:num_duplicates]
    return [
        replace(cell, stream=streams[cell.count])
        if cell.patient == second and cell.count < len(streams)
        else cell
        for cell in cells
    ]


def _with_looks(cells: list[_Cell], seed: int) -> list[_Cell]:
    """Give every patient its own stain and cell size."""
    looks: dict[str, list[float]] = {}
    for number, patients in enumerate(_PATIENTS.values()):
        rng = _generator(seed, 2, number)
        brightness = _spread(rng, len(patients), _BRIGHTNESS_SD)
        diameter = _spread(rng, len(patients), _DIAMETER_SD)
        looks |= {p: look for p, *look in zip(patients, brightness, diameter, strict=True)}
    looks[_TWINS[1]] = looks[_TWINS[0]]
    return [
        replace(cell, brightness=looks[cell.patient][0], diameter_offset=looks[cell.patient][1])
        for cell in cells
    ]


def _spread(rng: np.random.Generator, num: int, sd: float) -> list[float]:
    """Draw shuffled normal quantiles of standard deviation `sd`.

    Independent draws for so few patients would shift the mean of a whole class with the seed.
    """
    quantiles = np.array([NormalDist().inv_cdf((i + 0.5) / num) for i in rng.permutation(num)])
    return (sd * quantiles / quantiles.std()).tolist()


def _check_space(folder: Path, num_images: int) -> None:
    needed, free = _BYTES_PER_IMAGE * num_images, shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(
            f"{num_images:,} images need {needed / 1e9:.1f} GB; {folder} has {free / 1e9:.1f} GB."
        )


def _generator(seed: int, purpose: int, number: int) -> np.random.Generator:
    """Make a generator that is independent of every other (purpose, number).

    So neither the order of the images nor the number of processes changes the pixels.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, number)))


def _original_name(cell: _Cell) -> str:
    lower = cell.patient == _LOWER_CASE_PATIENT and cell.count % 2 == 0
    patient = cell.patient.lower() if lower else cell.patient
    field, in_field = divmod(cell.count, 3)
    return f"UID_{patient}_{field + 1}_{in_field + 1}_{_CLASS_OF_LABEL[cell.label]}.bmp"


def _train_name(cell: _Cell) -> str:
    folder = f"fold_{_FOLD_OF_PATIENT[cell.patient]}/{_CLASS_OF_LABEL[cell.label]}"
    return f"training_data/{folder}/{_original_name(cell)}"


def _write_labels(root: Path, files: dict[str, _Cell]) -> None:
    lines = ["Patient_ID,new_names,labels"]
    for name, cell in files.items():
        if cell.phase == "preliminary":
            lines.append(f"{_original_name(cell)},{Path(name).name},{cell.label}")
    path = root / f"{PRELIMINARY}_labels.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _draw_all(root: Path, files: dict[str, _Cell], *, seed: int, progress: Progress) -> None:
    draw = functools.partial(_draw_file, root=root, seed=seed)
    num_processes = min(os.cpu_count() or 1, len(files) // _IMAGES_PER_PROCESS)
    if num_processes < 2:
        for item in progress(files.items(), "drawing", len(files)):
            draw(item)
        return
    # Ctrl-C reaches all processes of a terminal: only this one is to report it. A process begins
    # with the signals blocked that its parent blocks; the tracker unblocks them when it starts.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        started = multiprocessing.get_context("spawn").Pool(num_processes)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with started as pool:
        drawn = pool.imap_unordered(draw, files.items(), chunksize=8)
        for _ in progress(drawn, "drawing", len(files)):
            pass


def _draw_file(item: tuple[str, _Cell], *, root: Path, seed: int) -> None:
    name, cell = item
    pixels = draw_cell(
        _generator(seed, 0, cell.stream),
        label=cell.label,
        size=600 if cell.phase == "final" else 450,
        brightness=cell.brightness,
        diameter_offset=cell.diameter_offset,
    )
    header_size = 124 if cell.phase == "preliminary" else 40
    (root / name).write_bytes(encode_bmp(pixels, header_size=header_size))
