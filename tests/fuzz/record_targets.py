"""Records to damage: shards, manifest, index, folds, proof; and the tables of image sources."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from all_tf.data.cells import Cells, load_cells
from tests.conftest import noise
from tests.fuzz.mutations import mutate_json, mutate_json_or_bytes, mutate_table
from tests.fuzz.runner import Target
from tests.fuzz.strict_readers import strict_rows
from tfrecords.packing.encode_cache import encode_all
from tfrecords.sources.cnmc import SourceError, find_images
from tfrecords.sources.folders import find_folder_images
from tfrecords.store.folds import DIGEST_FILE, FOLDS_FILE, FoldsError, read_folds
from tfrecords.store.index import INDEX_FILE, read_index
from tfrecords.store.leakage import LEAKAGE_FILE, LeakageError, read_proof
from tfrecords.store.manifest import MANIFEST_FILE, RecordsError, read_manifest
from tfrecords.store.verification import verify_records
from tfrecords.synthetic.write import encode_bmp

_SPLIT = "validation"
_REFUSALS = (RecordsError, FoldsError, LeakageError)


def _same(value: object, path: Path, expected: object) -> bool:
    return value == expected


def _arrays(cells: Cells) -> list[list]:
    return [
        [bytes(png) for png in cells.pngs],
        *(getattr(cells, key).tolist() for key in ("labels", "patients", "groups", "names")),
        cells.duplicate_of.tolist(),
        cells.folds.tolist(),
    ]


def make_shards(folder: Path, records: Path) -> Target:
    """A split, whose shards are compared with the SHA-256 of the manifest."""
    copy = shutil.copytree(records, folder / "records")
    shards = sorted(copy.glob(f"*-{_SPLIT}.tfrecord*"))
    others = [path.read_bytes() for path in copy.glob("*-test.tfrecord*")]

    def read() -> list[list]:
        return _arrays(load_cells(copy, _SPLIT))

    return Target(shards, read, _same, _REFUSALS, names=(str(copy),), others=others)


def make_trusted_shards(folder: Path, records: Path) -> Target:
    """A split whose SHA-256 are not compared: what is read has the form of cells, no more."""
    copy = shutil.copytree(records, folder / "records")
    shards = sorted(copy.glob(f"*-{_SPLIT}.tfrecord*"))

    def read() -> Cells:
        return load_cells(copy, _SPLIT, trusted=True)

    def right(cells: Cells, path: Path, expected: Cells) -> bool:
        labels = set(cells.labels.tolist())
        return len(cells) == len(expected) and labels <= {-1, 0, 1} and _unique(cells.names)

    return Target(shards, read, right, _REFUSALS, names=(str(copy),))


def _unique(names: np.ndarray) -> bool:
    return len(set(names.tolist())) == len(names)


def make_manifest(folder: Path, records: Path) -> Target:
    """manifest.json: counts and digests of everything."""
    copy = shutil.copytree(records, folder / "records")

    def read() -> dict:
        load_cells(copy, _SPLIT)
        verify_records(copy)
        return read_manifest(copy)

    def right(value: dict, path: Path, expected: dict) -> bool:
        return all(value[key] == expected[key] for key in ("format", "index", "splits"))

    files = [copy / MANIFEST_FILE]
    return Target(files, read, right, _REFUSALS, names=(str(copy),), mutate=mutate_json)


def make_proof(folder: Path, records: Path) -> Target:
    """leakage.json: the patients of each set."""
    copy = shutil.copytree(records, folder / "records")

    def read() -> dict:
        load_cells(copy, _SPLIT)
        verify_records(copy)
        return read_proof(copy)

    files = [copy / LEAKAGE_FILE]
    return Target(files, read, _same, _REFUSALS, names=(str(copy),), mutate=mutate_json)


def make_index(folder: Path, records: Path) -> Target:
    """images.csv, whose digest is in the manifest."""
    copy = shutil.copytree(records, folder / "records")
    path = copy / INDEX_FILE
    return Target([path], lambda: read_index(copy), _same, _REFUSALS, mutate=mutate_table)


def make_folds(folder: Path, records: Path) -> Target:
    """folds.csv and the digest beside it."""
    copy = shutil.copytree(records, folder / "records")
    files = [copy / FOLDS_FILE, copy / DIGEST_FILE]
    names = (FOLDS_FILE,)
    return Target(files, lambda: read_folds(copy), _same, _REFUSALS, names, mutate_table)


def make_label_table(folder: Path, records: Path) -> Target:
    """The labels of the preliminary phase, beside its images."""
    lines = ["Patient_ID,new_names,labels"]
    (folder / "source/phase2").mkdir(parents=True)
    for number in range(1, 7):
        (folder / f"source/phase2/{number}.bmp").write_bytes(encode_bmp(noise(number)))
        word, label = (("all", 1), ("hem", 0))[number % 2]
        lines.append(f"UID_{number + 50}_{number}_1_{word}.bmp,{number}.bmp,{label}")
    table = folder / "source/phase2.csv"
    table.write_text("\n".join(lines) + "\n")

    def read() -> list[tuple]:
        found = find_images(folder / "source")
        return [(image.path.name, image.patient, image.label) for image in found]

    def right(value: list[tuple], path: Path, expected: list[tuple]) -> bool:
        rows = strict_rows(path)
        return value == expected or (
            rows is not None
            and sorted(value)
            == sorted(
                (
                    row["new_names"].lower(),
                    row["Patient_ID"].split("_")[1].upper(),
                    int(row["labels"]),
                )
                for row in rows
            )
        )

    # Without a table the message says that it was expected, beside the folder.
    names = (table.name, "Patient_ID,new_names,labels", str(folder))
    return Target([table], read, right, (SourceError,), names, mutate_table)


def make_image_table(folder: Path, records: Path) -> Target:
    """The table of another laboratory: paths, labels, patients."""
    lines = ["path,label,patient"]
    for number in range(6):
        Image.fromarray(noise(number)[200:250, 200:250]).save(folder / f"{number}.png")
        lines.append(f"{number}.png,{('all', 'hem')[number % 2]},P{number}")
    table = folder / "cells.csv"
    table.write_text("\n".join(lines) + "\n")

    def read() -> list[tuple]:
        found = find_folder_images(table, patient_per_image=False)
        return [(image.path.name, image.patient, image.label) for image in found]

    def right(value: list[tuple], path: Path, expected: list[tuple]) -> bool:
        rows = strict_rows(path)
        label = {"all": 1, "1": 1, "hem": 0, "0": 0}
        return value == expected or (
            rows is not None
            and sorted(value)
            == sorted(
                (row["path"].strip(), row["patient"].strip(), label[row["label"].strip().lower()])
                for row in rows
            )
        )

    names = (table.name, str(folder))
    return Target([table], read, right, (SourceError,), names, mutate_table)


def make_spool(folder: Path, records: Path) -> Target:
    """What an interrupted conversion has left: a damaged chunk is done again, and never used."""
    (folder / "source").mkdir()
    lines = ["path,label,patient"]
    for number in range(4):
        Image.fromarray(noise(number)[200:230, 200:230]).save(folder / f"source/{number}.png")
        lines.append(f"source/{number}.png,{('all', 'hem')[number % 2]},P{number}")
    (folder / "cells.csv").write_text("\n".join(lines) + "\n")
    images = find_folder_images(folder / "cells.csv", patient_per_image=False)

    def read() -> list[tuple]:
        places = encode_all(images, folder / "spool", num_workers=1)
        return [(place.encoded, place.read()) for place in places]

    read()
    return Target(
        sorted((folder / "spool").iterdir()), read, _same, (), mutate=mutate_json_or_bytes
    )


TARGETS = {
    "spool": make_spool,
    "shards": make_shards,
    "trusted-shards": make_trusted_shards,
    "manifest": make_manifest,
    "leakage": make_proof,
    "images-csv": make_index,
    "folds-csv": make_folds,
    "label-table": make_label_table,
    "image-table": make_image_table,
}
