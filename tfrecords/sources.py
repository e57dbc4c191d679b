"""The only place that knows how C-NMC is foldered and named."""

import csv
import os
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tfrecords.bitmaps import BitmapError, check_bitmap
from tfrecords.schema import CLASSES, UNLABELLED

_CELL = re.compile(r"UID_([Hh]?\d+)_(\d+)_(\d+)_(all|hem)\.bmp")  # Patient, slide, cell, class.
_PHASE_IMAGE = re.compile(r"(\d+)\.bmp", re.IGNORECASE)
_FOLD = re.compile(r"fold_(\d)")
_LABEL_COLUMNS = ["Patient_ID", "new_names", "labels"]
_SHOWN = 40  # Problems spelled out in one message; the rest are counted.


class SourceError(ValueError):
    """The images cannot be packed as they are; the message lists every file concerned."""

    def __init__(self, problems: Iterable[str], *, headline: str):
        problems = list(problems)
        rest = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        super().__init__("\n  ".join([headline, *problems[:_SHOWN], *rest]))


@dataclass(frozen=True)
class SourceImage:
    """One image file and what its place and name say of it."""

    path: Path
    name: str  # "train/UID_57_29_1_all.bmp": split and file name, unique in the data set.
    patient: str  # "57", "H3"; empty where unpublished. `11` and `H11` are two people.
    label: int  # 1 = ALL, 0 = HEM, -1 = unpublished.
    phase: str  # "train", "validation" (preliminary phase) or "test" (final phase).
    fold: int  # The published fold, 0 to 2; -1 outside the training phase.


def find_images(root: Path) -> list[SourceImage]:
    """Every image of C-NMC below a folder, in the layout that Kaggle ships.

    Only names, places and the headers of files are looked at. Folders match whatever their case;
    dotfiles are passed over; a phase may be absent.

    Args:
        root: The folder `C-NMC_Leukemia`, or one that holds it.

    Returns:
        Sorted by phase, then by name; images of the later phases in numeric order.

    Raises:
        FileNotFoundError: There is no such folder.
        SourceError: No images, or files that are misplaced, misnamed, unreadable, or at odds with
            the labels; all of them are listed.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"No such folder: {root}")
    folders, bitmaps, tables = _walk(root)
    if not bitmaps:
        raise SourceError(
            ["training_data/fold_0/all/UID_*.bmp and so on"],
            headline=f"No BMP images below {root}. Expected the folder that holds",
        )
    by_phase, problems = _sort_by_phase(bitmaps)
    images, misnamed = _training_images(by_phase["train"])
    problems += misnamed
    if by_phase["validation"]:
        labelled, mismatched = _labelled_images(by_phase["validation"], tables)
        images += labelled
        problems += mismatched
    final, misnamed = _final_images(by_phase["test"])
    images += final
    problems += misnamed + _repeated_names(images) + _patients_in_both_classes(images)
    problems += _empty_folders(folders, bitmaps) + _bad_bitmaps(bitmaps)
    if problems:
        raise SourceError(
            problems,
            headline=f"{len(problems)} problems in {root}. Mend or remove these and run again:",
        )
    return images


def _walk(root: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """All folders, BMP and CSV files below a folder, dotfiles left out, in a fixed order."""
    folders, found = [], {".bmp": [], ".csv": []}
    for folder, children, files in os.walk(root):
        children[:] = sorted(child for child in children if not child.startswith("."))
        folders += [Path(folder, child) for child in children]
        for file in sorted(files):
            suffix = Path(file).suffix.lower()
            if suffix in found and not file.startswith("."):
                found[suffix].append(Path(folder, file))
    return folders, found[".bmp"], found[".csv"]


def _phase(path: Path) -> str | None:
    """The phase that a file's folders name, or None."""
    folders = [part.lower() for part in path.parts[:-1]]
    if any("prelim_phase" in folder for folder in folders):
        return "validation"
    if any("final_phase" in folder for folder in folders):
        return "test"
    if len(folders) > 1 and folders[-1] in CLASSES and _FOLD.fullmatch(folders[-2]):
        return "train"
    return None


def _sort_by_phase(bitmaps: list[Path]) -> tuple[dict[str, list[Path]], list[str]]:
    by_phase, problems = defaultdict(list), []
    for path in bitmaps:
        if phase := _phase(path):
            by_phase[phase].append(path)
        else:
            problems.append(
                f"{path}: in no folder of C-NMC (fold_N/all, fold_N/hem, ..._phase_data)"
            )
    return by_phase, problems


def _training_images(paths: list[Path]) -> tuple[list[SourceImage], list[str]]:
    images, problems = [], []
    for path in paths:
        match, folder = _CELL.fullmatch(path.name), path.parent.name.lower()
        if not match:
            problems.append(f"{path}: expected a name like UID_57_29_1_all.bmp")
        elif match[4] != folder:
            problems.append(f"{path}: the name says {match[4]}, the folder {folder}")
        else:
            fold = int(_FOLD.fullmatch(path.parent.parent.name.lower())[1])
            images.append(
                SourceImage(
                    path,
                    f"train/{path.name}",
                    match[1].upper(),
                    CLASSES.index(folder),
                    "train",
                    fold,
                )
            )
    return sorted(images, key=lambda image: image.name), problems


def _numbered(paths: list[Path]) -> tuple[list[Path], list[str]]:
    """Files called 1.bmp, 2.bmp and so on, in numeric order, and what else there is."""
    matched = [path for path in paths if _PHASE_IMAGE.fullmatch(path.name)]
    problems = [
        f"{path}: expected a name like 17.bmp" for path in paths if path not in set(matched)
    ]
    return sorted(matched, key=lambda path: int(path.stem)), problems


def _final_images(paths: list[Path]) -> tuple[list[SourceImage], list[str]]:
    numbered, problems = _numbered(paths)
    images = [
        SourceImage(path, f"test/{path.name}", "", UNLABELLED, "test", -1) for path in numbered
    ]
    return images, problems


def _labelled_images(paths: list[Path], tables: list[Path]) -> tuple[list[SourceImage], list[str]]:
    """The preliminary phase, whose patients and labels stand in a table only."""
    numbered, problems = _numbered(paths)
    rows, bad_rows = _read_labels(tables)
    if rows is None:
        return [], problems + bad_rows
    images = []
    for path in numbered:
        if path.name.lower() not in rows:
            problems.append(f"{path}: not in the table of labels")
            continue
        patient, label = rows.pop(path.name.lower())
        images.append(
            SourceImage(path, f"validation/{path.name}", patient, label, "validation", -1)
        )
    problems += [f"{name}: in the table of labels, but there is no such image" for name in rows]
    return images, problems + bad_rows


def _read_labels(tables: list[Path]) -> tuple[dict[str, tuple[str, int]] | None, list[str]]:
    """From file name to patient and label, and the rows that contradict themselves."""
    found = [table for table in tables if _columns(table) == _LABEL_COLUMNS]
    if len(found) != 1:
        wanted = f"one CSV with the columns {','.join(_LABEL_COLUMNS)}"
        received = ", ".join(map(str, found)) or "none"
        return None, [f"preliminary phase: expected {wanted}; received: {received}"]
    rows, problems = {}, []
    with found[0].open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            original, name = row["Patient_ID"] or "", (row["new_names"] or "").lower()
            match = _CELL.fullmatch(original)
            where = f"{found[0]}: {original}, {name}, {row['labels']}"
            if not match:
                problems.append(f"{where}: expected a Patient_ID like UID_57_29_1_all.bmp")
            elif row["labels"] != str(CLASSES.index(match[4])):
                problems.append(f"{where}: the name says {match[4]}, the label otherwise (1 = ALL)")
            elif name in rows:
                problems.append(f"{where}: the image has two rows")
            else:
                rows[name] = match[1].upper(), CLASSES.index(match[4])
    return rows, problems


def _columns(table: Path) -> list[str]:
    with table.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        return next(csv.reader(file), [])


def _repeated_names(images: list[SourceImage]) -> list[str]:
    paths = defaultdict(list)
    for image in images:
        paths[image.name].append(str(image.path))
    return [
        f"{', '.join(places)}: the same name {len(places)} times"
        for places in paths.values()
        if len(places) > 1
    ]


def _patients_in_both_classes(images: list[SourceImage]) -> list[str]:
    of_patient = defaultdict(lambda: defaultdict(list))
    for image in images:
        if image.patient:
            of_patient[image.patient][image.label].append(image.path)
    return [
        f"{paths[0]}: patient {patient} has both classes; {len(paths)} images of {CLASSES[label]}"
        for patient, classes in of_patient.items()
        if len(classes) > 1
        for label, paths in sorted(classes.items())
    ]


def _empty_folders(folders: list[Path], bitmaps: list[Path]) -> list[str]:
    """Folders of a phase without an image below them: an unpacking was cut short."""
    filled = {parent for path in bitmaps for parent in path.parents}
    return [
        f"{folder}: the folder holds no image"
        for folder in folders
        if folder not in filled and _phase(folder / "any.bmp")
    ]


def _bad_bitmaps(bitmaps: list[Path]) -> list[str]:
    problems = []
    for path in bitmaps:
        try:
            check_bitmap(path)
        except BitmapError as error:
            problems.append(f"{path}: {error}")
    return problems
