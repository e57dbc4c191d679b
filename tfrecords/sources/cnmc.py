"""Finds the images of C-NMC on a disk, and checks that they can be packed."""

import filecmp
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tfrecords.class_names import CNMC_CLASSES, ClassNames
from tfrecords.codec.bmp import BitmapError, check_bitmap
from tfrecords.counted import counted
from tfrecords.names import legible
from tfrecords.schema import CLASSES, SPLITS, UNLABELLED
from tfrecords.sources.layouts import (
    CELL_NAME,
    PHASE_NAME,
    Place,
    csv_files,
    empty_folders,
    place_of,
    read_labels,
)
from tfrecords.sources.tree import Tree, list_special, walk

_SHOWN = 40  # Problems listed in one message; the others are only counted.


class SourceError(ValueError):
    """The images cannot be packed as they are; the message lists the files and their problems."""

    def __init__(self, problems: Iterable[str], *, headline: str):
        problems = [legible(problem) for problem in problems]
        rest = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        super().__init__("\n  ".join([legible(headline), *problems[:_SHOWN], *rest]))


@dataclass(frozen=True)
class SourceImage:
    """One image file, and what its folders and name say about it."""

    path: Path
    name: str  # "train/UID_57_29_1_all.bmp": split and file name, unique in the data set.
    patient: str  # "57", "H3"; empty where unpublished. `11` and `H11` are two people.
    label: int  # 1 = ALL, or a laboratory's positive class; 0 = the other; -1 = unpublished.
    phase: str  # A split: "train", "validation" (preliminary phase), "test" (final phase).
    fold: int  # The published fold, 0 to 2; -1 outside the training phase.
    decoder: str = "bitmap"  # A key of `encoding.DECODERS`; "picture" for other laboratories.
    lone: bool = False  # Whether the source names no patient, so that `patient` is the file's path.
    classes: ClassNames = CNMC_CLASSES  # As the source calls them.


class Refused(NamedTuple):
    """A file whose pixels cannot be read exactly."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Survey:
    """The images that a folder holds, and the files that were left out."""

    images: list[SourceImage]
    refused: list[Refused]
    num_passed_over: int  # Copies of images in `images`, equal in every byte; left out.


class CountRow(NamedTuple):
    """The number of images and patients of one phase, fold and class."""

    phase: str
    fold: int
    class_name: str  # As in `ClassNames.stored`, or "unlabelled".
    num_images: int
    num_patients: int  # 0 where patients are unpublished.


def find_images(root: Path) -> list[SourceImage]:
    """Find every image of C-NMC below a folder: `survey(root).images`, with no file skipped."""
    return survey(root).images


def survey(root: Path, *, max_skips: int = 0) -> Survey:
    """Find the images of C-NMC below a folder, in any layout that `layouts` knows.

    The function reads names, folders and the headers of files. It compares all bytes only of files
    that have the same name, and keeps the first of equal copies. A phase may be absent.

    Args:
        root: The folder of the data set, or a folder that contains it.
        max_skips: The number of unreadable bitmaps that may be left out. A label that is missing
            or contradicts itself is always an error.

    Returns:
        The images, sorted by phase, then by name; in the later phases by number.

    Raises:
        FileNotFoundError: There is no such folder.
        SourceError: There are no images; or files are misplaced, are misnamed, contradict the
            labels or differ from a file of the same name; or more than `max_skips` files are
            unreadable. The message lists them.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"No such folder: {root}")
    tree = walk(root)
    bitmaps = [path for path in tree.files if path.suffix.lower() == ".bmp"]
    if not bitmaps and not tree.problems:
        raise SourceError(
            ["training_data/fold_0/all/UID_*.bmp and so on"],
            headline=f"No BMP images below {root}. Expected the folder that holds",
        )
    images, problems = _identify(bitmaps, tree, root)
    problems += patients_in_both_classes(images) + empty_folders(tree, bitmaps)
    problems += tree.problems + list_special(tree, (".bmp",))
    refused = _refused(bitmaps)
    unreadable = {path for path, _ in refused}
    kept, differing = _without_copies([i for i in images if i.path not in unreadable])
    problems += differing
    if problems or len(refused) > max_skips or not kept:
        raise list_problems(root, problems + [f"{path}: {reason}" for path, reason in refused])
    return Survey(kept, refused, len(bitmaps) - len(refused) - len(kept))


def list_problems(root: Path, problems: Sequence[str]) -> SourceError:
    """Build the error that lists all problems of a source."""
    return SourceError(
        problems,
        headline=f"{len(problems)} problem{'s' * (len(problems) > 1)} in {root}. Repair or remove "
        "what is named and run again:",
    )


def count_found(images: Iterable[SourceImage]) -> list[CountRow]:
    """Count images and patients by phase, published fold and class, the positive one first."""
    patients, names = defaultdict(list), CNMC_CLASSES.stored
    for image in images:
        patients[SPLITS.index(image.phase), image.fold, -image.label].append(image.patient)
        names = image.classes.stored
    return [
        CountRow(
            SPLITS[phase],
            fold,
            "unlabelled" if -label == UNLABELLED else names[-label],
            len(ids),
            len(set(ids) - {""}),
        )
        for (phase, fold, label), ids in sorted(patients.items())
    ]


def patients_in_both_classes(images: Iterable[SourceImage]) -> list[str]:
    """List the patients with images of both classes, one line for each class.

    This is an error in the source: a patient is either ill or not.
    """
    paths_of_patient: defaultdict[str, defaultdict[str, list[Path]]]
    paths_of_patient = defaultdict(lambda: defaultdict(list))
    for image in sorted(images, key=lambda image: image.label):
        if image.patient and image.label != UNLABELLED:
            name = image.classes.stored[image.label]
            paths_of_patient[image.patient][name].append(image.path)
    return [
        f"{paths[0]}: patient {patient} has both classes; {counted(len(paths), 'image')} of {name}"
        for patient, classes in paths_of_patient.items()
        if len(classes) > 1
        for name, paths in classes.items()
    ]


def _identify(bitmaps: list[Path], tree: Tree, root: Path) -> tuple[list[SourceImage], list[str]]:
    """Identify each file by its folders, its name and the table of labels.

    Returns:
        The images, and a list of problems.
    """
    place_of_path = {path: place_of(path, root) for path in bitmaps}
    labels: dict[str, tuple[str, int]] | None = {}
    problems: list[str] = []
    names = {p.name.lower() for p, place in place_of_path.items() if place == Place("validation")}
    if names:
        labels, problems = read_labels(csv_files(tree, root))
        problems += [
            f"{name}: in the table of labels, but there is no such image"
            for name in (labels or {})
            if name not in names
        ]
    images = []
    for path, place in place_of_path.items():
        try:
            images.append(_image(path, place, labels))
        except ValueError as error:
            problems.append(f"{path}: {error}")
    return sorted(images, key=_by_phase_and_name), problems


def _image(
    path: Path, place: Place | None, labels: dict[str, tuple[str, int]] | None
) -> SourceImage:
    """Parse one file. Raises ValueError with the reason if it is not an image of the data set."""
    if place is None:
        raise ValueError("in no folder of C-NMC (fold_N/all, fold_N/hem, ..._phase_data, phase2)")
    name = f"{place.phase}/{path.stem}.bmp"  # Whatever the case of the extension.
    if place.phase == "train":
        match = CELL_NAME.fullmatch(path.name)
        if not match:
            raise ValueError("expected a name like UID_57_29_1_all.bmp")
        if match[2] != place.class_name:
            raise ValueError(f"the name says {match[2]}, the folder {place.class_name}")
        label = CLASSES.index(match[2])
        return SourceImage(path, name, match[1].upper(), label, "train", place.fold)
    if not PHASE_NAME.fullmatch(path.name):
        raise ValueError("expected a name like 17.bmp")
    patient, label = "", UNLABELLED
    # Without a table `labels` is None, and `read_labels` has reported the problem.
    if place.phase == "validation" and labels is not None:
        if path.name.lower() not in labels:
            raise ValueError("not in the table of labels")
        patient, label = labels[path.name.lower()]
    return SourceImage(path, name, patient, label, place.phase, -1)


def _by_phase_and_name(image: SourceImage) -> tuple[int, int, str]:
    number = 0 if image.phase == "train" else int(image.path.stem)
    return SPLITS.index(image.phase), number, image.name


def _refused(bitmaps: list[Path]) -> list[Refused]:
    refused = []
    for path in bitmaps:
        try:
            check_bitmap(path)
        except BitmapError as error:
            refused.append(Refused(path, str(error)))
    return refused


def _without_copies(images: list[SourceImage]) -> tuple[list[SourceImage], list[str]]:
    """Keep the first image of each name, and list the names whose files differ."""
    copies = defaultdict(list)
    for image in images:
        copies[image.name].append(image)
    problems = [
        f"{', '.join(str(i.path) for i in (first, *others))}: the same name "
        f"{1 + len(others)} times, {difference}"
        for first, *others in copies.values()
        if (difference := _difference(first, others))
    ]
    return [first for first, *_ in copies.values()], problems


def _difference(first: SourceImage, others: list[SourceImage]) -> str:
    """Describe how files of one name differ; empty if they are copies."""
    if any(other.fold != first.fold for other in others):
        return "in different folds"  # Nothing shows which fold is right.
    if any(not filecmp.cmp(first.path, other.path, shallow=False) for other in others):
        return "with different bytes"
    return ""
