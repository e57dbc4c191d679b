"""The converter as a whole: the report, the comparison with what was published, full disks."""

import resource
import subprocess
import sys
import textwrap

import matplotlib
import pytest
import tensorflow_datasets as tfds

from tests.conftest import ROOT, read_rows, without_coverage
from tests.tfds_records import read_with_tfds
from tfrecords.packing.conversion import PublishedError, Target, convert
from tfrecords.packing.writer import Settings
from tfrecords.progress import untold
from tfrecords.sources.find import find_origin
from tfrecords.store.verification import verify_records

FAST = Settings(folds=2, num_workers=1)


def run(source, target):
    return convert(find_origin(source), target, FAST, progress=untold)


def test_report_says_what_is_published_packed_joined_and_suspect(synthetic, tmp_path):
    target = Target(tmp_path / "records")
    text = run(synthetic, target)
    for part in ("of 15,114 images", "120 images of", "fold 1 HEM", "20+21", "Near-duplicates: "):
        assert part in text
    statuses = {row["status"] for row in read_rows(tmp_path / "records/published.csv")}
    assert statuses == {"changed", "missing", "unknown"}
    assert "WARNING" not in text


def test_images_that_are_not_the_published_ones_are_refused_where_asked(synthetic, tmp_path):
    target = Target(tmp_path / "records", require_published=True)
    with pytest.raises(PublishedError, match="--require-published") as error:
        run(synthetic, target)
    assert "test/1.bmp: changed" in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_old_records_stay_when_new_ones_fail(synthetic, tmp_path):
    target = Target(tmp_path / "records")
    run(synthetic, target)
    with pytest.raises(PublishedError):
        run(synthetic, Target(target.directory, True, True))
    verify_records(target.directory)


def test_leftovers_of_an_interrupted_run_do_not_get_into_the_next(synthetic, tmp_path):
    partial = tmp_path / ".records.partial"
    partial.mkdir()
    for name in ("cnmc-train.tfrecord-00000-of-00007", "suspects.csv", "manifest.json"):
        (partial / name).write_text("of other images")
    settings = Settings(folds=2, num_workers=1, scan=False)
    target = Target(tmp_path / "records")
    convert(find_origin(synthetic), target, settings, progress=untold)
    verify_records(target.directory)
    assert not (target.directory / "suspects.csv").exists()


@pytest.mark.slow
def test_full_disk_ends_in_one_error_and_keeps_the_old_records(synthetic, tmp_path):
    """A limit on the size of files stands in for a full disk: writing fails half-way."""
    target = Target(tmp_path / "records")
    run(synthetic, target)
    program = f"""
        from pathlib import Path
        from tfrecords.packing.conversion import Target, convert
        from tfrecords.sources.find import find_origin
        from tfrecords.progress import untold
        from tfrecords.packing.writer import Settings
        if __name__ == "__main__":
            try:
                convert(
                    find_origin(Path({str(synthetic)!r})),
                    Target(Path({str(target.directory)!r}), overwrite=True),
                    Settings(folds=2, num_workers=1),
                    progress=untold,
                )
            except OSError as error:
                print("failed:", error)
    """
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(program))
    answer = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        env=without_coverage(),
        # Chunks of the spool are smaller than this, the shard of the training split is not.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000)),
    )
    assert answer.stdout.startswith("failed: ") and "cnmc-train.tfrecord" in answer.stdout
    verify_records(target.directory)
    assert {path.name for path in tmp_path.iterdir()} == {"records", "program.py"}


def test_tfds_shows_and_tabulates_the_records(records):
    matplotlib.use("Agg")
    builder = tfds.builder_from_directory(str(records))
    dataset = read_with_tfds(records, "train").take(4)
    frame = tfds.as_dataframe(dataset, builder.info)
    assert len(frame) == 4 and set(frame["label"]) <= {0, 1}
    figure = tfds.show_examples(dataset, builder.info, rows=2, cols=2)
    assert len(figure.axes) == 4
    matplotlib.pyplot.close(figure)
